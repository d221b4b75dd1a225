import { createReadStream, createWriteStream, existsSync } from 'node:fs';
import { rename, stat } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import Papa from 'papaparse';
import { writeAside } from '../../serving/store/durable.js';
import { CommandError, describeFailure, unreadable } from '../errors.js';
import { toJson } from '../output/print.js';
import { cellReader, shortestFloat32 } from './csv-cells.js';
import type { Predictor } from './predictor.js';
import type { Scored } from './scored.js';

export interface CsvOptions {
  readonly input: string;
  /** Undefined for stdout. */
  readonly output: string | undefined;
  readonly overwrite: boolean;
  readonly column: string | undefined;
  readonly onProgress: (bytes: number, total: number) => void;
}

/**
 * Scores the rows of a CSV file in constant memory: a row is written before the next but a few is
 * read.
 *
 * @returns The number of rows.
 */
export async function scoreCsv(predictor: Predictor, options: CsvOptions): Promise<number> {
  const { input, output, overwrite, onProgress } = options;
  const { size } = await stat(input).catch(unreadable(input));
  let rows = 0;
  const lines = async function* (): AsyncGenerator<string> {
    const scored = score(predictor, options, (bytes) => onProgress(bytes, size));
    for await (const cells of scored) {
      yield `${Papa.unparse([cells])}\n`;
      // The first line has the names.
      rows++;
    }
  };
  if (output === undefined) {
    await pipeline(lines, process.stdout, { end: false });
    return Math.max(0, rows - 1);
  }
  const target = resolve(output);
  if (!overwrite && existsSync(target)) {
    throw new CommandError(`The file ${target} is there already`, 'Give another, or add --force');
  }
  await writeAside(target, async (aside) => {
    await pipeline(lines, createWriteStream(aside, { flags: 'wx', flush: true }));
    await rename(aside, target);
  }).catch((error: NodeJS.ErrnoException) => {
    if (error.code === undefined || error.syscall === undefined) throw error;
    throw new CommandError(
      `The file ${target} cannot be written (${error.code})`,
      'Check the free space and the permissions there',
    );
  });
  return Math.max(0, rows - 1);
}

/** The cells to write: first the names, then each row with what was predicted. */
async function* score(
  predictor: Predictor,
  { input, column }: CsvOptions,
  onBytes: (bytes: number) => void,
): AsyncGenerator<string[]> {
  let header: string[] | undefined;
  let makeItem: (cells: readonly string[]) => unknown = () => undefined;
  let columns: ScoreColumns | undefined;
  let row = 0;
  for await (const cells of records(input, onBytes)) {
    if (header === undefined) {
      header = cells;
      makeItem = itemMaker(predictor, header, column, input);
      continue;
    }
    row++;
    const scored = await predictor.predict(makeItem(cells)).catch((error: unknown) => {
      throw new CommandError(
        `Row ${row} of ${input} cannot be scored: ${describeFailure(error).replace(/\.$/, '')}`,
        'Correct the row, or remove it',
      );
    });
    if (columns === undefined) {
      columns = new ScoreColumns(scored, predictor.schema?.targets ?? [], header);
      yield [...header, ...columns.names];
    }
    yield [...header.map((_, i) => cells[i] ?? ''), ...columns.cells(scored)];
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
  { kind, schema }: Predictor,
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
        `The file ${input} has no column ${lacking.map(({ name }) => `"${name}"`).join(', ')}`,
        `Give all columns of the learner: ${readers.map(({ name }) => name).join(', ')}`,
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
        ? `No usual column to predict from in ${input}, only ${header.join(', ')}`
        : `The file ${input} has no column "${column}", only ${header.join(', ')}`,
      'Name it with --column',
    );
  }
  // Paths in a file are relative to the file.
  if (kind === 'vision') return (cells) => resolve(dirname(input), cells[place] ?? '');
  return (cells) => cells[place] ?? '';
}

/** The columns that are added, as the first prediction tells them. */
class ScoreColumns {
  readonly names: string[];
  readonly #several: boolean;
  readonly #numbers: boolean;

  constructor(first: Scored, targets: readonly string[], header: readonly string[]) {
    const { prediction, probabilities, classes = [] } = first;
    this.#several = targets.length > 1 && Array.isArray(prediction);
    // A mask's probabilities are one a pixel and class: too many for columns.
    this.#numbers = classes.length > 0 && flatNumbers(probabilities).length === classes.length;
    const added = [
      ...(this.#several ? targets.map((name) => `predicted ${name}`) : ['prediction']),
      ...(this.#numbers ? classes.map((name) => `p(${name})`) : []),
    ];
    this.names = added.map((name) => (header.includes(name) ? `${name} (vts)` : name));
  }

  cells({ prediction, probabilities }: Scored): string[] {
    const predictions = this.#several ? (prediction as unknown[]) : [prediction];
    const numbers = this.#numbers ? flatNumbers(probabilities) : [];
    return [...predictions.map(cellOf), ...numbers.map(shortestFloat32)];
  }
}

function flatNumbers(value: unknown): number[] {
  return Array.isArray(value) && value.every((item) => typeof item === 'number') ? value : [];
}

function cellOf(value: unknown): string {
  if (value === null || value === undefined) return '';
  if (typeof value === 'number') return shortestFloat32(value);
  if (Array.isArray(value) && value.every((item) => typeof item === 'string')) {
    return value.join(';');
  }
  return typeof value === 'object' ? toJson(value, 0) : String(value);
}
