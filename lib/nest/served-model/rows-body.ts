import { Readable } from 'node:stream';
import Papa from 'papaparse';
import type { TabularSchema } from '../../learner/fastai/contract.js';
import { decodeBody } from '../io/body-text.js';
import { learnerExample } from '../io/data-frame/frame-schema.js';
import { writeOrient } from '../io/data-frame/orients.js';
import { listed, quoted } from '../../learner/errors/index.js';
import { errorOf, InvalidBodyError } from '../io/errors.js';
import type { IoSchema } from '../io/io-descriptor.js';
import { Json } from '../io/json.js';
import { PandasDataFrame } from '../io/pandas-data-frame.js';
import { FILE_MAX_BYTES, type RequestBody } from '../io/request-body.js';
import { cellReader } from './csv-cells.js';
import { InputBody } from './input-body.js';
import { whenLoaded } from './when-loaded.js';

type Row = Readonly<Record<string, unknown>>;

/** The rows of a request. */
export interface GivenRows {
  /** The body was one row, and so is the answer. */
  readonly single: boolean;
  readonly rows: readonly Row[];
  /** The columns of the table with the rows, and its cells as they were written. */
  readonly header: readonly string[];
  cellsOf(row: number): readonly unknown[];
}

const CSV = 'text/csv';
const CSV_SCHEMA: IoSchema = {
  type: 'string',
  description: 'A header line with the column names, then the rows.',
};

/**
 * Rows for a learner: a JSON object, a list of them, CSV or Parquet, by the content type. CSV is read
 * as `vts predict --csv` reads it: by the learner's columns.
 */
export class RowsBody extends InputBody<GivenRows> {
  readonly mediaType = 'application/json';
  declare readonly schema: IoSchema;
  declare readonly example: unknown;
  override readonly maxBytes = FILE_MAX_BYTES;
  override readonly alternatives: Readonly<Record<string, IoSchema>>;
  readonly #columns: () => TabularSchema;
  readonly #json = new Json();
  readonly #frames = new PandasDataFrame();

  /** @param columns Throws while the model is not loaded. */
  constructor(columns: () => TabularSchema, schema: () => IoSchema) {
    super();
    this.#columns = columns;
    this.alternatives = { ...this.#frames.alternatives, [CSV]: CSV_SCHEMA };
    const known = (): IoSchema => whenLoaded(schema) ?? {};
    Object.defineProperty(this, 'schema', { get: known, enumerable: true });
    const example = (): unknown =>
      (JSON.parse(writeOrient(learnerExample(columns()), 'records')) as [object])[0];
    Object.defineProperty(this, 'example', { get: () => whenLoaded(example), enumerable: true });
  }

  override accepts(mediaType: string | undefined): boolean {
    return this.#frames.accepts(mediaType);
  }

  async parse(body: RequestBody): Promise<GivenRows> {
    const { mediaType = this.mediaType } = body;
    if (mediaType === CSV) return this.#readCsv(body);
    if (mediaType !== this.mediaType) {
      const frame = await this.#frames.parse(body);
      return givenRows(frame.objects() as Row[], frame.columnNames());
    }
    const value: unknown = await this.#json.parse(body);
    if (isRow(value)) return { ...givenRows([value]), single: true };
    if (!Array.isArray(value)) {
      throw refused('the body is not a JSON object', 'send a row as an object, or a list of them');
    }
    const other = value.findIndex((row) => !isRow(row));
    if (other >= 0) {
      throw refused(`row ${other} (counted from 0) is not a JSON object`, 'send rows as objects');
    }
    return givenRows(value as Row[]);
  }

  async #readCsv(body: RequestBody): Promise<GivenRows> {
    let text: string;
    try {
      text = decodeBody(body);
    } catch (fault) {
      throw errorOf(fault, InvalidBodyError, 'Rows');
    }
    const cells: string[][] = [];
    for await (const record of records(text)) cells.push(record);
    const [header, ...lines] = cells;
    if (header === undefined) {
      throw refused('the CSV is empty', 'send a header line with the column names, then rows');
    }
    const columns = this.#columns().columns.map((column) => {
      return { name: column.name, place: header.indexOf(column.name), read: cellReader(column) };
    });
    const lacking = columns.filter(({ place }) => place < 0).map(({ name }) => name);
    if (lacking.length > 0) {
      const all = listed(columns.map(({ name }) => name));
      throw refused(`the CSV has no column ${quoted(lacking)}`, `send all columns: ${all}`);
    }
    const rows = lines.map((line) =>
      Object.fromEntries(columns.map(({ name, place, read }) => [name, read(line[place] ?? '')])),
    );
    return {
      single: false,
      rows,
      header,
      cellsOf: (row) => header.map((_, i) => lines[row]?.[i] ?? ''),
    };
  }
}

/** How many characters are split at a time, which takes about a millisecond. */
const PIECE = 64 * 1024;

/** The records of a CSV text, with turns of the event loop between them. */
async function* records(text: string): AsyncGenerator<string[]> {
  const pieces = function* (): Generator<string> {
    for (let at = 0; at < text.length; at += PIECE) yield text.slice(at, at + PIECE);
  };
  const parser = Papa.parse(Papa.NODE_STREAM_INPUT, { skipEmptyLines: true });
  Readable.from(pieces()).pipe(parser);
  for await (const record of parser) yield record as string[];
}

function givenRows(rows: readonly Row[], names = Object.keys(rows[0] ?? {})): GivenRows {
  return {
    single: false,
    rows,
    header: names,
    cellsOf: (row) => names.map((name) => rows[row]?.[name]),
  };
}

function isRow(value: unknown): value is Row {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function refused(fact: string, remedy: string): InvalidBodyError {
  return new InvalidBodyError('Rows', fact, remedy);
}
