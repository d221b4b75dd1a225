import type { TabularSchema } from '../../learner/fastai/contract.js';
import { frameSchema, learnerExample, learnerSchema } from './data-frame/frame-schema.js';
import {
  applyDtype,
  DTYPE_NAMES,
  isTextDtype,
  isWideDtype,
  type PandasDtype,
} from './data-frame/dtypes.js';
import { toFrame, toTable, type DataFrameOutput } from './data-frame/frames.js';
import { ORIENTS, readOrient, writeOrient, type PandasOrient } from './data-frame/orients.js';
import { readCsv, writeCsv } from './data-frame/csv.js';
import { readParquet, writeParquet } from './data-frame/parquet.js';
import { FrameFault, narrowed, type RawFrame } from './data-frame/raw-frame.js';
import { schemaOfSource, type SchemaSource } from './data-frame/schema-source.js';
import type { DataFrame } from './data-frame/data-frame.js';
import { decodeBody, parseJsonBody } from './data-frame/body-text.js';
import { InvalidBodyError, InvalidDescriptorError, InvalidOutputError } from './errors/index.js';
import { IoDescriptor, type IoSchema, type ResponsePayload } from './io-descriptor.js';
import type { RequestBody } from './request-body.js';

const DEFAULT_MAX_BYTES = 20 * 1024 * 1024;

/** Formats of a data frame in a body. @publicApi */
export type DataFrameFormat = 'json' | 'csv' | 'parquet';

const MEDIA_TYPES: Readonly<Record<DataFrameFormat, string>> = {
  json: 'application/json',
  csv: 'text/csv',
  parquet: 'application/vnd.apache.parquet',
};

const FORMATS: ReadonlyMap<string, DataFrameFormat> = new Map([
  ['application/json', 'json'],
  ['text/csv', 'csv'],
  ['application/vnd.apache.parquet', 'parquet'],
  ['application/x-parquet', 'parquet'],
  ['application/octet-stream', 'parquet'],
]);

/** @publicApi */
export interface PandasDataFrameOptions {
  /** Layout of JSON bodies, in and out. @default 'records' */
  orient?: PandasOrient;
  /**
   * Columns that a frame has to have; others may be there. With `applyColumnNames` they are the
   * only ones.
   */
  columns?: readonly string[];
  /**
   * Name the columns of a frame, whatever they are called, after `columns`, by their order.
   *
   * @default false
   */
  applyColumnNames?: boolean;
  /** Type of all columns, or of some by their name. */
  dtype?: PandasDtype | Readonly<Record<string, PandasDtype>>;
  /**
   * Refuse cells that are not of their dtype. Without it those that can be converted are.
   *
   * @default false
   */
  enforceDtype?: boolean;
  /** Rows and columns; -1 for any. */
  shape?: readonly [rows: number, columns: number];
  /** Refuse frames of another shape. @default false */
  enforceShape?: boolean;
  /** Format of responses. @default 'json' */
  defaultFormat?: DataFrameFormat;
  /** Largest body in bytes. @default 20971520 (20 MiB) */
  maxBytes?: number;
}

/**
 * A table over HTTP: JSON in one of pandas' orients, CSV (`text/csv`) or Parquet
 * (`application/vnd.apache.parquet`), by the content type of the request; no content type counts as
 * JSON. Handlers get arquero's table, and return one, row objects, columns by name or a tensor.
 *
 * In: missing cells are null, also those of records without a column; JSON has no NaN or Infinity,
 * so those words are a
 * 400. Columns of dtype int64 keep all their digits: beyond 2^53 they are bigints. CSV is read as
 *      `pd.read_csv` reads it: numbers and booleans where a whole column is of them. What breaks
 *      the contract is a 400 that names the column and the row, counted from 0. Out: NaN and the
 *      infinities become null in JSON, and an output that is no frame is a 500.
 *
 * @example
 * \@VtsApi({ input: new PandasDataFrame({ columns: ['age', 'hours'] }), output: NumpyNdarray })
 * async classify(rows: DataFrame): Promise<Tensor> {
 *   const [predictions] = await this.runner.getPreds.run(rows);
 *   return predictions;
 * }
 *
 * @publicApi
 */
export class PandasDataFrame extends IoDescriptor<DataFrame, DataFrameOutput> {
  readonly mediaType = 'application/json';
  override readonly alternatives: Readonly<Record<string, IoSchema>> = {
    [MEDIA_TYPES.csv]: {
      type: 'string',
      description: 'A line with the names of the columns, then the rows.',
    },
    [MEDIA_TYPES.parquet]: { type: 'string', format: 'binary' },
  };
  override readonly outputMediaType: string;
  declare readonly example: unknown;
  override readonly maxBytes: number;
  readonly #options: PandasDataFrameOptions;
  readonly #sample: RawFrame | undefined;
  readonly #source: SchemaSource | undefined;

  /** @throws InvalidDescriptorError for options that do not fit together. */
  constructor(
    options: PandasDataFrameOptions = {},
    sample?: DataFrameOutput,
    source?: SchemaSource,
  ) {
    super();
    check(options);
    this.#options = options;
    this.#sample = sample === undefined ? undefined : sampleFrame(sample);
    this.#source = source;
    this.maxBytes = options.maxBytes ?? DEFAULT_MAX_BYTES;
    this.outputMediaType = MEDIA_TYPES[options.defaultFormat ?? 'json'];
    // Not known before the learner is.
    Object.defineProperty(this, 'example', { get: () => this.#example(), enumerable: true });
  }

  /**
   * A descriptor with the columns, their types and, in the OpenAPI document, the example of this
   * frame.
   */
  static fromSample(
    sample: DataFrameOutput,
    options: PandasDataFrameOptions = {},
  ): PandasDataFrame {
    const frame = sampleFrame(sample);
    return new PandasDataFrame({ columns: [...frame.columns.keys()], ...options }, sample);
  }

  /**
   * A descriptor that documents the columns of a learner's rows, with their types and categories
   * and an example, and reads CSV with them: a category that looks like a number stays the text
   * that it is.
   *
   * @param source A learner, its `schema`, a runner, or the tag that a runner is injected by.
   */
  static from(source: SchemaSource, options: PandasDataFrameOptions = {}): PandasDataFrame {
    return new PandasDataFrame(options, undefined, source);
  }

  get schema(): IoSchema {
    const learner = this.#learner;
    const { columns, dtype, orient = 'records', shape, enforceShape } = this.#options;
    const [height = -1] = (enforceShape && shape) || [];
    const rows = height < 0 ? {} : { minItems: height, maxItems: height };
    return learner
      ? learnerSchema(learner, orient, rows)
      : frameSchema(columns, dtype, orient, this.#sample, rows);
  }

  override accepts(mediaType: string | undefined): boolean {
    return mediaType === undefined || FORMATS.has(mediaType);
  }

  async parse(body: RequestBody): Promise<DataFrame> {
    try {
      return await toTable(this.#checked(await this.#read(body)));
    } catch (fault) {
      if (!(fault instanceof FrameFault)) throw fault;
      throw new InvalidBodyError('PandasDataFrame', fault.fact, fault.remedy);
    }
  }

  serialize(value: DataFrameOutput): ResponsePayload {
    const { orient = 'records', defaultFormat: format = 'json' } = this.#options;
    let frame: RawFrame;
    try {
      frame = toFrame(value);
    } catch (fault) {
      if (!(fault instanceof FrameFault)) throw fault;
      throw new InvalidOutputError('PandasDataFrame', fault.fact, fault.remedy);
    }
    const charset = format === 'parquet' ? '' : '; charset=utf-8';
    const contentType = `${MEDIA_TYPES[format]}${charset}`;
    if (format === 'csv') return { contentType, body: writeCsv(frame) };
    if (format === 'parquet') return { contentType, body: writeParquet(frame) };
    return { contentType, body: writeOrient(frame, orient) };
  }

  #example(): unknown {
    const learner = this.#learner;
    const frame = learner ? learnerExample(learner) : this.#sample;
    return frame && JSON.parse(writeOrient(frame, this.#options.orient ?? 'records'));
  }

  get #learner(): TabularSchema | undefined {
    return this.#source === undefined ? undefined : schemaOfSource(this.#source);
  }

  #read(body: RequestBody): RawFrame | Promise<RawFrame> {
    const format = FORMATS.get(body.mediaType ?? 'application/json') ?? 'json';
    switch (format) {
      case 'csv':
        return readCsv(decodeBody(body), this.#textColumns(), (name, index) =>
          this.#isWide(name, index),
        );
      case 'parquet':
        if (body.bytes) return readParquet(body.bytes);
        throw new FrameFault('the body has been read by another parser', 'send it as Parquet');
      case 'json':
        return this.#fromJson(body);
    }
  }

  #fromJson(body: RequestBody): RawFrame {
    const { orient = 'records', dtype } = this.#options;
    const types = typeof dtype === 'object' ? Object.values(dtype) : [dtype];
    const wide = types.some(isWideDtype);
    const frame = readOrient(parseJsonBody(body, wide), orient);
    return wide ? narrowed(frame, (name, index) => this.#isWide(name, index)) : frame;
  }

  #isWide(name: string, index: number): boolean {
    const { dtype, columns, applyColumnNames } = this.#options;
    if (typeof dtype !== 'object') return isWideDtype(dtype);
    return isWideDtype(ownDtype(dtype, (applyColumnNames ? columns?.[index] : undefined) ?? name));
  }

  /** Columns of CSV whose cells stay texts. */
  #textColumns(): ReadonlySet<string> {
    const { dtype, columns } = this.#options;
    const learner = this.#learner;
    const names = (learner?.columns ?? []).flatMap(({ name, categories }) =>
      categories?.length && categories.every((value) => typeof value === 'string') ? [name] : [],
    );
    if (typeof dtype === 'string')
      return new Set([...names, ...(isTextDtype(dtype) ? (columns ?? []) : [])]);
    const texts = Object.entries(dtype ?? {}).filter(([, type]) => isTextDtype(type));
    return new Set([...names, ...texts.map(([name]) => name)]);
  }

  #checked(frame: RawFrame): RawFrame {
    const { columns, applyColumnNames, dtype, enforceDtype = false } = this.#options;
    const named = applyColumnNames && columns ? renamed(frame, columns) : frame;
    const missing = applyColumnNames
      ? []
      : (columns ?? []).filter((name) => !named.columns.has(name));
    if (missing.length > 0) {
      const names = missing.map((name) => `"${name}"`).join(', ');
      throw new FrameFault(
        `the frame has no ${missing.length === 1 ? 'column' : 'columns'} ${names}`,
        'send all columns of the contract',
      );
    }
    this.#checkShape(named);
    if (dtype === undefined) return named;
    const converted = [...named.columns].map(([name, cells]) => {
      const type = typeof dtype === 'string' ? dtype : ownDtype(dtype, name);
      return [name, type ? applyDtype(name, cells, type, enforceDtype) : cells] as const;
    });
    return { rows: named.rows, columns: new Map(converted) };
  }

  #checkShape({ rows, columns }: RawFrame): void {
    const { shape, enforceShape } = this.#options;
    if (!enforceShape || !shape) return;
    const [height, width] = shape;
    if ((height === -1 || height === rows) && (width === -1 || width === columns.size)) return;
    throw new FrameFault(
      `expecting a frame of shape (${height}, ${width}), but it is of (${rows}, ${columns.size})`,
      'send one of that shape; -1 stands for any size',
    );
  }
}

function ownDtype(
  dtypes: Readonly<Record<string, PandasDtype>>,
  name: string,
): PandasDtype | undefined {
  return Object.hasOwn(dtypes, name) ? dtypes[name] : undefined;
}

function renamed({ rows, columns }: RawFrame, names: readonly string[]): RawFrame {
  if (columns.size !== names.length) {
    throw new FrameFault(
      `the frame has ${columns.size} columns, and the contract names ${names.length}`,
      'send as many columns as the contract has',
    );
  }
  return { rows, columns: new Map([...columns.values()].map((cells, i) => [names[i]!, cells])) };
}

function sampleFrame(sample: DataFrameOutput): RawFrame {
  try {
    return toFrame(sample);
  } catch (fault) {
    if (!(fault instanceof FrameFault)) throw fault;
    throw new InvalidDescriptorError(
      'PandasDataFrame',
      `the sample is no data frame: ${fault.fact}`,
      'give row objects, columns by name or an arquero table',
    );
  }
}

function check(options: PandasDataFrameOptions): void {
  const { orient, columns, applyColumnNames, dtype, enforceDtype, shape, enforceShape } = options;
  const refuse = (fact: string, remedy: string): never => {
    throw new InvalidDescriptorError('PandasDataFrame', fact, remedy);
  };
  if (orient !== undefined && !ORIENTS.includes(orient)) {
    refuse(`"${String(orient)}" is no orient`, `use one of ${ORIENTS.join(', ')}`);
  }
  const types = typeof dtype === 'string' ? [dtype] : Object.values(dtype ?? {});
  const unknown = types.find((type) => !DTYPE_NAMES.includes(type));
  if (unknown !== undefined) {
    refuse(`"${String(unknown)}" is no dtype`, `use one of ${DTYPE_NAMES.join(', ')}`);
  }
  if (options.defaultFormat !== undefined && !Object.hasOwn(MEDIA_TYPES, options.defaultFormat)) {
    refuse(`"${options.defaultFormat}" is no format`, 'use json, csv or parquet');
  }
  if (shape && (shape.length !== 2 || shape.some((n) => !Number.isInteger(n) || n < -1))) {
    refuse(`(${shape.join(', ')}) is no shape`, 'give rows and columns, and -1 for any');
  }
  if (columns && new Set(columns).size !== columns.length) {
    refuse('two columns have one name', 'give each its own');
  }
  if (applyColumnNames && !columns) refuse('applyColumnNames has no names', 'add columns');
  if (enforceDtype && dtype === undefined) refuse('enforceDtype has no dtype', 'add dtype');
  if (enforceShape && !shape) refuse('enforceShape has no shape to enforce', 'add shape');
}
