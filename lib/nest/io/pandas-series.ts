import { checkArrayOptions } from './array-options.js';
import { DTYPE_NAMES, dtypeSchema, type PandasDtype } from './data-frame/dtypes.js';
import type { TensorLike } from './data-frame/frames.js';
import { checkOrient, type PandasOrient } from './data-frame/orients.js';
import type { Cells } from './data-frame/raw-frame.js';
import { readSeriesBody, type SeriesContract } from './data-frame/read-series.js';
import { receivedSeries } from './data-frame/received-series.js';
import { seriesPieces, seriesSchema, writeSeries } from './data-frame/series.js';
import { errorOf, InvalidBodyError, InvalidOutputError } from './errors.js';
import { sampleSchema } from './json/sample-schema.js';
import { IoDescriptor, type IoSchema, type ResponsePayload } from './io-descriptor.js';
import { parsedAside, parseThread } from './parsing/parse-thread.js';
import { wholeOrPieces } from './pieces.js';
import { FILE_MAX_BYTES, type RequestBody } from './request-body.js';
import type { RequestScope } from '../../serving/runtime/request-scope.js';

/** @publicApi */
export interface PandasSeriesOptions {
  /** JSON layout: `records` and `values` are lists, others as in pandas. @default 'records' */
  orient?: PandasOrient;
  /** The type of the values. */
  dtype?: PandasDtype;
  /** Refuse values of another dtype, instead of converting where possible. @default false */
  enforceDtype?: boolean;
  /** The number of values; -1 for any. */
  shape?: readonly [length: number];
  /** Refuse series of another length. @default false */
  enforceShape?: boolean;
  /** Largest body in bytes. @default 20971520 (20 MiB) */
  maxBytes?: number;
}

/**
 * A list of values as `application/json`, in one of pandas' orients. Handlers get an array (a typed
 * array for a numeric dtype, or if all values are numbers), and return one, or a tensor of one
 * dimension.
 *
 * In: a value that breaks the contract is a 400 that names the row, counted from 0. null is a
 * missing value (NaN among numbers of a float dtype). The words NaN and Infinity, which JSON lacks,
 * are a
 * 400. 64-bit integers keep all their digits: beyond 2^53 they are bigints. Out: NaN and the
 * infinities become null.
 *
 * @publicApi
 */
export class PandasSeries<Value = unknown> extends IoDescriptor<
  ArrayLike<Value>,
  ArrayLike<Value> | TensorLike
> {
  readonly mediaType = 'application/json';
  readonly schema: IoSchema;
  override readonly example: unknown;
  override readonly maxBytes: number;
  readonly #options: PandasSeriesOptions;

  /** @throws InvalidDescriptorError for options that do not fit together. */
  constructor(options: PandasSeriesOptions = {}, sample?: ArrayLike<unknown>) {
    super();
    const checks = [checkOrient(options.orient)];
    checkArrayOptions('PandasSeries', options, DTYPE_NAMES, 1, checks);
    this.#options = options;
    const { orient = 'records', dtype, maxBytes = FILE_MAX_BYTES } = options;
    this.maxBytes = maxBytes;
    const known = sample === undefined ? {} : (sampleSchema(Array.from(sample)).items ?? {});
    this.schema = seriesSchema(orient, dtype ? dtypeSchema(dtype) : known);
    this.example =
      sample === undefined ? undefined : JSON.parse(writeSeries(Array.from(sample), orient));
  }

  /** The OpenAPI document shows these values as the example, with their type. */
  static fromSample<Value>(
    sample: ArrayLike<Value>,
    options: PandasSeriesOptions = {},
  ): PandasSeries<Value> {
    return new PandasSeries<Value>(options, sample);
  }

  parse(body: RequestBody): ArrayLike<Value> | Promise<ArrayLike<Value>> {
    const fault = (error: unknown): never => {
      throw errorOf(error, InvalidBodyError, 'PandasSeries');
    };
    const scope = parsedAside(body);
    if (scope !== undefined) return this.#receive(body, scope).catch(fault);
    try {
      return readSeriesBody(body, this.#contract) as unknown as ArrayLike<Value>;
    } catch (error) {
      return fault(error);
    }
  }

  serialize(value: ArrayLike<Value> | TensorLike): ResponsePayload {
    const values = valuesOf(value);
    if (!values) {
      const remedy = 'return an array, or a tensor of one dimension';
      throw new InvalidOutputError('PandasSeries', 'it is not a list of values', remedy);
    }
    return {
      contentType: 'application/json; charset=utf-8',
      body: wholeOrPieces(seriesPieces(values, this.#options.orient ?? 'records')),
    };
  }

  async #receive(body: RequestBody, scope: RequestScope): Promise<ArrayLike<Value>> {
    const stored = await parseThread.run('series', scope, body, this.#contract);
    return (await receivedSeries(stored)) as unknown as ArrayLike<Value>;
  }

  get #contract(): SeriesContract {
    const { orient, dtype, enforceDtype, shape, enforceShape } = this.#options;
    return { orient, dtype, enforceDtype, shape, enforceShape } as SeriesContract;
  }
}

function valuesOf(value: unknown): Cells | undefined {
  if (Array.isArray(value)) return value;
  if (typeof value !== 'object' || value === null) return undefined;
  if (ArrayBuffer.isView(value)) return value as unknown as Cells;
  const { dims, data } = value as Partial<TensorLike>;
  return Array.isArray(dims) && dims.length <= 1 && data ? Array.from(data) : undefined;
}
