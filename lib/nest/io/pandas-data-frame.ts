import { checkArrayOptions } from './array-options.js';
import type { TabularSchema } from '../../learner/fastai/contract.js';
import { frameSchema, learnerExample, learnerSchema } from './data-frame/frame-schema.js';
import { DTYPE_NAMES, dtypeOf, isTextDtype, type PandasDtype } from './data-frame/dtypes.js';
import { toFrame, toTable, type DataFrameOutput } from './data-frame/frames.js';
import { checkOrient, orientPieces, writeOrient, type PandasOrient } from './data-frame/orients.js';
import type { RawFrame } from './data-frame/raw-frame.js';
import { readFrame, type FrameContract, type FrameRules } from './data-frame/read-frame.js';
import { fillIn, isReceived, receivedTable } from './data-frame/received-frame.js';
import { schemaOfSource, type SchemaSource } from './data-frame/schema-source.js';
import type { DataFrame } from './data-frame/data-frame.js';
import { csvPieces } from './data-frame/write-csv.js';
import { errorOf, InvalidBodyError, InvalidDescriptorError, InvalidOutputError } from './errors.js';
import { IoDescriptor, type IoSchema, type ResponsePayload } from './io-descriptor.js';
import { parsedAside, parseThread } from './parsing/parse-thread.js';
import { wholeOrPieces } from './pieces.js';
import { FILE_MAX_BYTES, type RequestBody } from './request-body.js';

/** The formats of a data frame in a body. @publicApi */
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
  /** The layout of JSON bodies, in and out. @default 'records' */
  orient?: PandasOrient;
  /** The columns that a frame must have. With `applyColumnNames`, it must not have others. */
  columns?: readonly string[];
  /** Rename the columns of a frame, in order, to `columns`. @default false */
  applyColumnNames?: boolean;
  /** The type of all columns, or of some by name. */
  dtype?: PandasDtype | Readonly<Record<string, PandasDtype>>;
  /** Refuse cells of another dtype, instead of converting where possible. @default false */
  enforceDtype?: boolean;
  /** The number of rows and columns; -1 for any. */
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
 * which JSON lacks, are a 400. Columns of dtype int64 keep all their digits: beyond 2^53 they are
 * bigints. CSV is read as in `pd.read_csv`: a column has numbers or booleans if all its cells do. A
 * frame that breaks the contract is a 400 that names the column and the row, counted from 0. Out:
 * NaN and the infinities become null in JSON, and an output that is not a frame is a 500.
 *
 * @example
 * \@VtsApi({ input: new PandasDataFrame({ columns: ['age', 'hours'] }), output: NumpyNdarray })
 * async classify(rows: DataFrame): Promise<Tensor> { const [predictions] = await
 * this.runner.getPreds.run(rows); return predictions; }
 *
 * @publicApi
 */
export class PandasDataFrame extends IoDescriptor<DataFrame, DataFrameOutput> {
  readonly mediaType = 'application/json';
  override readonly alternatives: Readonly<Record<string, IoSchema>> = {
    [MEDIA_TYPES.csv]: {
      type: 'string',
      description: 'A header line with the column names, then the rows.',
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
    // Known only when the learner is.
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
   * example. CSV is read with these types: a category that looks like a number stays a string.
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
    const rules = this.#rules(body);
    try {
      const scope = parsedAside(body);
      if (scope === undefined) return await toTable(await readFrame(body, rules));
      return await receivedTable(await parseThread.run('frame', scope, body, rules));
    } catch (fault) {
      throw errorOf(fault, InvalidBodyError, 'PandasDataFrame');
    }
  }

  serialize(value: DataFrameOutput): ResponsePayload | Promise<ResponsePayload> {
    return isReceived(value) ? fillIn(value).then(() => this.#write(value)) : this.#write(value);
  }

  #write(value: DataFrameOutput): ResponsePayload | Promise<ResponsePayload> {
    const { orient = 'records', defaultFormat: format = 'json' } = this.#options;
    let frame: RawFrame;
    try {
      frame = toFrame(value, format === 'parquet');
    } catch (fault) {
      throw errorOf(fault, InvalidOutputError, 'PandasDataFrame');
    }
    const charset = format === 'parquet' ? '' : '; charset=utf-8';
    const contentType = `${MEDIA_TYPES[format]}${charset}`;
    if (format === 'csv') return { contentType, body: wholeOrPieces(csvPieces(frame)) };
    if (format === 'parquet') {
      return import('./data-frame/parquet.js').then(({ writeParquet }) => ({
        contentType,
        body: writeParquet(frame),
      }));
    }
    return { contentType, body: wholeOrPieces(orientPieces(frame, orient)) };
  }

  #example(): unknown {
    const learner = this.#learner;
    const frame = learner ? learnerExample(learner) : this.#sample;
    return frame && JSON.parse(writeOrient(frame, this.#options.orient ?? 'records'));
  }

  get #learner(): TabularSchema | undefined {
    return this.#source === undefined ? undefined : schemaOfSource(this.#source);
  }

  #rules({ mediaType = 'application/json' }: RequestBody): FrameRules {
    const format = FORMATS.get(mediaType) ?? 'json';
    const { orient, columns, applyColumnNames, dtype, enforceDtype, shape, enforceShape } =
      this.#options;
    const contract = {
      orient,
      columns,
      applyColumnNames,
      dtype,
      enforceDtype,
      shape,
      enforceShape,
    };
    const texts = format === 'csv' ? this.#textColumns() : NO_NAMES;
    return { format, contract: contract as FrameContract, texts };
  }

  /** The CSV columns whose cells stay strings. */
  #textColumns(): ReadonlySet<string> {
    const { dtype, columns } = this.#options;
    const learner = this.#learner;
    const names = (learner?.columns ?? []).flatMap(({ name, categories }) =>
      categories?.length && categories.every((value) => typeof value === 'string') ? [name] : [],
    );
    const typed = typeof dtype === 'object' ? Object.keys(dtype) : (columns ?? []);
    return new Set([...names, ...typed.filter((name) => isTextDtype(dtypeOf(dtype, name)))]);
  }
}

const NO_NAMES: ReadonlySet<string> = new Set();

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
