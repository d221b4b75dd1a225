import { createReadStream } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { Transform } from 'node:stream';
import Papa from 'papaparse';
import { listed, quoted } from '../../learner/errors/index.js';
import { CommandError } from '../errors.js';
import { cellReader } from '../../nest/served-model/csv-cells.js';
import type { Predictor } from './predictor.js';

export interface CsvSource {
  readonly input: string;
  /** The column with the text or the image path; undefined for one of a usual name. */
  readonly column: string | undefined;
  readonly onBytes?: (bytes: number) => void;
}

/** A row of a CSV file, and what a model predicts from. */
export interface CsvItem {
  readonly header: readonly string[];
  readonly cells: readonly string[];
  readonly item: unknown;
}

/** The rows of a CSV file, one after the other, in constant memory. @throws CommandError */
export async function* csvItems(
  predictor: Pick<Predictor, 'kind' | 'schema'>,
  { input, column, onBytes = () => undefined }: CsvSource,
): AsyncGenerator<CsvItem> {
  let header: string[] | undefined;
  let makeItem: (cells: readonly string[]) => unknown = () => undefined;
  for await (const cells of records(input, onBytes)) {
    if (header === undefined) {
      header = cells;
      makeItem = itemMaker(predictor, header, column, input);
      continue;
    }
    yield { header, cells, item: makeItem(cells) };
  }
  if (header === undefined) {
    throw new CommandError(`The file ${input} is empty`, 'Give a CSV file with a line of names');
  }
}

/** The records of a CSV file, one after the other. */
async function* records(path: string, onBytes: (bytes: number) => void): AsyncGenerator<string[]> {
  let bytes = 0;
  const counter = new Transform({
    transform(chunk: Buffer, _encoding, done) {
      bytes += chunk.length;
      onBytes(bytes);
      done(null, chunk);
    },
  });
  const parser = Papa.parse(Papa.NODE_STREAM_INPUT, { skipEmptyLines: true });
  const file = createReadStream(path);
  file.on('error', (error) => parser.destroy(error));
  file.pipe(counter).pipe(parser);
  let first = true;
  try {
    for await (const record of parser) {
      const cells = record as string[];
      if (first) cells[0] = (cells[0] ?? '').replace(/^\ufeff/, '');
      first = false;
      yield cells;
    }
  } finally {
    file.destroy();
  }
}

/** Names that columns of texts and of images go by, where the file has several columns. */
const USUAL = {
  text: ['text', 'texts', 'review', 'sentence', 'content'],
  image: ['image', 'path', 'file', 'filename', 'fname', 'name'],
};

function itemMaker(
  { kind, schema }: Pick<Predictor, 'kind' | 'schema'>,
  header: readonly string[],
  column: string | undefined,
  input: string,
): (cells: readonly string[]) => unknown {
  if (schema) {
    const readers = schema.columns.map((column) => {
      return { name: column.name, place: header.indexOf(column.name), read: cellReader(column) };
    });
    const lacking = readers.filter(({ place }) => place < 0);
    if (lacking.length > 0) {
      throw new CommandError(
        `The file ${input} has no column ${quoted(namesOf(lacking))}`,
        `Give all columns of the learner: ${listed(namesOf(readers))}`,
      );
    }
    return (cells) =>
      Object.fromEntries(readers.map(({ name, place, read }) => [name, read(cells[place] ?? '')]));
  }
  const usual = kind === 'vision' ? USUAL.image : USUAL.text;
  const wanted = column === undefined ? usual : [column];
  const found = wanted.map((name) => header.indexOf(name)).find((place) => place >= 0);
  const place = found ?? (column === undefined && header.length === 1 ? 0 : undefined);
  if (place === undefined) {
    throw new CommandError(
      column === undefined
        ? `No usual column to predict from in ${input}, only ${listed(header)}`
        : `The file ${input} has no column "${column}", only ${listed(header)}`,
      'Name it with --column',
    );
  }
  // Paths in a file are relative to the file.
  if (kind === 'vision') return (cells) => resolve(dirname(input), cells[place] ?? '');
  return (cells) => cells[place] ?? '';
}

function namesOf(columns: readonly { readonly name: string }[]): string[] {
  return columns.map(({ name }) => name);
}
