import { checkArrayOptions } from './array-options.js';
import { decodeBody } from './body-text.js';
import type { TabularSchema } from '../../learner/fastai/contract.js';
import { frameSchema, learnerExample, learnerSchema } from './data-frame/frame-schema.js';
import {
  applyDtype,
  DTYPE_NAMES,
  dtypeOf,
  isTextDtype,
  isWideDtype,
  type PandasDtype,
} from './data-frame/dtypes.js';
import { toFrame, toTable, type DataFrameOutput } from './data-frame/frames.js';
import {
  checkOrient,
  parseJsonBody,
  readOrient,
  writeOrient,
  type PandasOrient,
} from './data-frame/orients.js';
import { narrowed, type RawFrame } from './data-frame/raw-frame.js';
import { schemaOfSource, type SchemaSource } from './data-frame/schema-source.js';
import type { DataFrame } from './data-frame/data-frame.js';
import { writeCsv } from './data-frame/write-csv.js';
import {
  errorOf,
  Fault,
  InvalidBodyError,
  InvalidDescriptorError,
  InvalidOutputError,
} from './errors.js';
import { checkShape } from './ndarray/nested.js';
import { IoDescriptor, type IoSchema, type ResponsePayload } from './io-descriptor.js';
import { FILE_MAX_BYTES, type RequestBody } from './request-body.js';

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
  /** Columns that a frame must have. With `applyColumnNames` it may have no others. */
  columns?: readonly string[];
  /** Rename the columns of a frame, in order, to `columns`. @default false */
  applyColumnNames?: boolean;
  /** Type of all columns, or of some by their name. */
  dtype?: PandasDtype | Readonly<Record<string, PandasDtype>>;
  /** Refuse cells of another dtype, instead of converting where possible. @default false */
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
 * In: missing cells are null, as are those of records without a column. The words NaN and Infinity,
 * which JSON does not have, are a 400. Columns of dtype int64 keep all their digits: beyond 2^53
 * they are bigints. CSV is read as `pd.read_csv` reads it: a column has numbers or booleans where
 * all its cells are. What breaks the contract is a 400 that names the column and the row, counted
 * from 0. Out: NaN and the infinities become null in JSON, and an output that is not a frame is a
 * 500.
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
    this.maxBytes = options.maxBytes ?? FILE_MAX_BYTES;
    this.outputMediaType = MEDIA_TYPES[options.defaultFormat ?? 'json'];
    // Not known before the learner is.
    Object.defineProperty(this, 'example', { get: () => this.#example(), enumerable: true });
  }

  /** A descriptor with this frame's columns and their types; the frame is the example. */
  static fromSample(
    sample: DataFrameOutput,
    options: PandasDataFrameOptions = {},
  ): PandasDataFrame {
    const frame = sampleFrame(sample);
    return new PandasDataFrame({ columns: [...frame.columns.keys()], ...options }, sample);
  }

  /**
   * A descriptor that documents the columns of a learner's rows, with types, categories and an
   * example. It reads CSV by them: a category that looks like a number stays text.
   *
   * @param source A learner, its `schema`, a runner, or the tag that injects a runner.
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
      throw errorOf(fault, InvalidBodyError, 'PandasDataFrame');
    }
  }

  serialize(value: DataFrameOutput): ResponsePayload | Promise<ResponsePayload> {
    const { orient = 'records', defaultFormat: format = 'json' } = this.#options;
    let frame: RawFrame;
    try {
      frame = toFrame(value);
    } catch (fault) {
      throw errorOf(fault, InvalidOutputError, 'PandasDataFrame');
    }
    const charset = format === 'parquet' ? '' : '; charset=utf-8';
    const contentType = `${MEDIA_TYPES[format]}${charset}`;
    if (format === 'csv') return { contentType, body: writeCsv(frame) };
    if (format === 'parquet') {
      return import('./data-frame/parquet.js').then(({ writeParquet }) => ({
        contentType,
        body: writeParquet(frame),
      }));
    }
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

  /** CSV and Parquet are read by libraries that services of JSON need not load. */
  async #read(body: RequestBody): Promise<RawFrame> {
    const format = FORMATS.get(body.mediaType ?? 'application/json');
    if (format === 'csv') {
      const { readCsv } = await import('./data-frame/read-csv.js');
      const isWide = (name: string, index: number): boolean => this.#isWide(name, index);
      return readCsv(decodeBody(body), this.#textColumns(), isWide);
    }
    if (format !== 'parquet') return this.#fromJson(body);
    if (!body.bytes) throw new Fault('another parser has read the body', 'send it as Parquet');
    return (await import('./data-frame/parquet.js')).readParquet(body.bytes);
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
    return isWideDtype(dtypeOf(dtype, (applyColumnNames ? columns?.[index] : undefined) ?? name));
  }

  /** Columns of CSV whose cells stay texts. */
  #textColumns(): ReadonlySet<string> {
    const { dtype, columns } = this.#options;
    const learner = this.#learner;
    const names = (learner?.columns ?? []).flatMap(({ name, categories }) =>
      categories?.length && categories.every((value) => typeof value === 'string') ? [name] : [],
    );
    const typed = typeof dtype === 'object' ? Object.keys(dtype) : (columns ?? []);
    return new Set([...names, ...typed.filter((name) => isTextDtype(dtypeOf(dtype, name)))]);
  }

  #checked(frame: RawFrame): RawFrame {
    const { columns, applyColumnNames, dtype, enforceDtype = false } = this.#options;
    const named = applyColumnNames && columns ? renamed(frame, columns) : frame;
    // Those that were given their names are all there.
    const missing = (columns ?? []).filter((name) => !named.columns.has(name));
    if (missing.length > 0) {
      const names = missing.map((name) => `"${name}"`).join(', ');
      const fact = `the frame has no ${missing.length === 1 ? 'column' : 'columns'} ${names}`;
      throw new Fault(fact, 'send all columns of the contract');
    }
    checkShape('a frame', [named.rows, named.columns.size], this.#options);
    if (dtype === undefined) return named;
    const converted = [...named.columns].map(([name, cells]) => {
      const type = dtypeOf(dtype, name);
      return [name, type ? applyDtype(name, cells, type, enforceDtype) : cells] as const;
    });
    return { rows: named.rows, columns: new Map(converted) };
  }
}

function renamed({ rows, columns }: RawFrame, names: readonly string[]): RawFrame {
  if (columns.size !== names.length) {
    throw new Fault(
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
    throw errorOf(fault, InvalidDescriptorError, 'PandasDataFrame.fromSample');
  }
}

function check(options: PandasDataFrameOptions): void {
  const { orient, columns, applyColumnNames, defaultFormat: format = 'json' } = options;
  const twice = columns !== undefined && new Set(columns).size !== columns.length;
  checkArrayOptions('PandasDataFrame', options, DTYPE_NAMES, 2, [
    checkOrient(orient),
    [
      !Object.hasOwn(MEDIA_TYPES, format),
      `"${format}" is not a format`,
      'use json, csv or parquet',
    ],
    [twice, 'two columns share a name', 'rename one'],
    [!!applyColumnNames && !columns, 'applyColumnNames has no names', 'add columns'],
  ]);
}
