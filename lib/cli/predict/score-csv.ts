import { randomBytes } from 'node:crypto';
import { createReadStream, createWriteStream } from 'node:fs';
import { access, rename, rm, stat } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import { Transform, type Writable } from 'node:stream';
import { finished } from 'node:stream/promises';
import Papa from 'papaparse';
import { CommandError } from '../errors/cli.error.js';
import { describeFailure } from '../output/failure.js';
import { toJson } from '../output/print.js';
import { cellReader } from './csv-cells.js';
import { shortestFloat32 } from './numbers.js';
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
 * Scores the rows of a CSV file: each goes out with the prediction and the probabilities behind it,
 * before the next but a few is read.
 *
 * @returns How many rows there were.
 * @throws CommandError for a file that is not there or lacks a column, and for a row that the
 * learner refuses.
 */
export async function scoreCsv(predictor: Predictor, options: CsvOptions): Promise<number> {
  const { input, output, overwrite } = options;
  const size = await stat(input).then(
    (stats) => stats.size,
    (error: NodeJS.ErrnoException) => {
      throw new CommandError(`The file ${input} cannot be read (${error.code})`, 'Check the path');
    },
  );
  if (output === undefined) return score(predictor, options, size, process.stdout);

  const target = resolve(output);
  if (!overwrite && (await exists(target))) {
    throw new CommandError(`The file ${target} is there already`, 'Give another, or add --force');
  }
  const aside = join(dirname(target), `.${basename(target)}.${randomBytes(6).toString('hex')}`);
  try {
    const file = createWriteStream(aside, { flags: 'wx', flush: true });
    const rows = await score(predictor, options, size, file);
    file.end();
    await finished(file);
    await rename(aside, target);
    return rows;
  } catch (error) {
    const { code, syscall } = error as NodeJS.ErrnoException;
    if (code === undefined || syscall === undefined) throw error;
    throw new CommandError(
      `The file ${target} cannot be written (${code})`,
      'See to space and permissions there',
    );
  } finally {
    await rm(aside, { force: true });
  }
}

async function score(
  predictor: Predictor,
  { input, column, onProgress }: CsvOptions,
  size: number,
  out: Writable,
): Promise<number> {
  let failure: Error | undefined;
  out.on('error', (error) => (failure ??= error));
  let header: string[] | undefined;
  let makeItem: (cells: readonly string[]) => unknown = () => undefined;
  let columns: ScoreColumns | undefined;
  let rows = 0;
  for await (const cells of records(input, (bytes) => onProgress(bytes, size))) {
    if (header === undefined) {
      header = cells;
      makeItem = itemMaker(predictor, header, column, input);
      continue;
    }
    rows++;
    let scored: Scored;
    try {
      scored = await predictor.predict(makeItem(cells));
    } catch (error) {
      throw new CommandError(
        `Row ${rows} of ${input} cannot be scored: ${describeFailure(error).replace(/\.$/, '')}`,
        'Correct the row, or take it out',
      );
    }
    if (columns === undefined) {
      columns = new ScoreColumns(scored, predictor.schema?.targets ?? [], header);
      await write(out, [...header, ...columns.names]);
    }
    await write(out, [...header.map((_, i) => cells[i] ?? ''), ...columns.cells(scored)]);
    if (failure !== undefined) throw failure;
  }
  if (header === undefined) {
    throw new CommandError(`The file ${input} is empty`, 'Give a CSV file with a line of names');
  }
  return rows;
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
    const readers = schema.columns.flatMap((each) => {
      const place = header.indexOf(each.name);
      return place < 0 ? [] : [{ name: each.name, place, read: cellReader(each) }];
    });
    const lacking = schema.columns.filter(({ name }) => !header.includes(name));
    if (lacking.length > 0) {
      throw new CommandError(
        `The file ${input} has no column ${lacking.map(({ name }) => `"${name}"`).join(', ')}`,
        `Give all columns of the learner: ${schema.columns.map(({ name }) => name).join(', ')}`,
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
        ? `The file ${input} has the columns ${header.join(', ')}, and nothing tells which one to predict from`
        : `The file ${input} has no column "${column}", but ${header.join(', ')}`,
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
    this.#several = targets.length > 1 && Array.isArray(first.prediction);
    const flat = flatNumbers(first.probabilities);
    // A mask's probabilities are one a pixel and class: too many for columns.
    this.#numbers = first.classes !== undefined && flat.length === first.classes.length;
    const predictions = this.#several ? targets.map((name) => `predicted ${name}`) : ['prediction'];
    const added = [
      ...predictions,
      ...(this.#numbers ? (first.classes ?? []).map((name) => `p(${name})`) : []),
    ];
    this.names = added.map((name) => (header.includes(name) ? `${name} (vts)` : name));
  }

  cells({ prediction, probabilities }: Scored): string[] {
    const predictions = this.#several ? (prediction as unknown[]) : [prediction];
    return [
      ...predictions.map(cellOf),
      ...(this.#numbers ? flatNumbers(probabilities).map(shortestFloat32) : []),
    ];
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

async function write(out: Writable, cells: readonly string[]): Promise<void> {
  const line = `${Papa.unparse([cells as string[]])}\n`;
  if (!out.write(line))
    await new Promise<void>((resume) => {
      const go = (): void => {
        out.off('drain', go).off('error', go).off('close', go);
        resume();
      };
      out.on('drain', go).on('error', go).on('close', go);
    });
}

async function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}
