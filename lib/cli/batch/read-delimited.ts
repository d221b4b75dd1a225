import { shortened } from '../../learner/errors/index.js';
import { CommandError } from '../errors.js';
import { csvRecords, type CsvDialect } from '../predict/csv-records.js';
import type { Chunk, ReadOptions } from './chunk.js';
import type { BatchFile } from './files.js';

/** Consecutive rows of a file, by byte range. */
export interface DelimitedPart extends CsvDialect {
  /** The end of the header line. */
  readonly head: number;
  readonly start: number;
  readonly end: number;
  /** The index of the first row. */
  readonly first: number;
}

/**
 * CSV and TSV with a header line.
 *
 * @param part Undefined for all rows.
 */
export async function* readDelimited(
  file: BatchFile,
  options: ReadOptions,
  part?: DelimitedPart,
): AsyncGenerator<Chunk> {
  let names = part && (await namesOf(file, part));
  let first = part?.first ?? 0;
  let lines: string[][] = [];
  let bytes = 0;
  const onBytes = (read: number): void => void (bytes = read);
  const chunk = (): Chunk => {
    const made = chunkOf(file, { names: names ?? [], first, lines, bytes }, options);
    first += lines.length;
    lines = [];
    return made;
  };
  for await (const cells of csvRecords(file, onBytes, part ?? dialectOf(file))) {
    if (names === undefined) {
      names = cells;
      refuseTwice(file, names);
      continue;
    }
    lines.push(cells);
    if (lines.length === options.rows) yield chunk();
  }
  if (names === undefined) {
    throw new CommandError(`The file ${file.path} is empty`, 'Give a file with a header line');
  }
  if (lines.length > 0) yield chunk();
}

/** The dialect that follows from the file format. */
export function dialectOf({ format }: BatchFile): Partial<CsvDialect> {
  return format === 'tsv' ? { delimiter: '\t' } : {};
}

async function namesOf(
  file: BatchFile,
  { head, delimiter, newline }: DelimitedPart,
): Promise<string[]> {
  const ignored = (): void => undefined;
  for await (const cells of csvRecords(file, ignored, { end: head, delimiter, newline })) {
    return cells;
  }
  throw new CommandError(
    `The file ${file.path} has no header line`,
    'Restore the file to its original content',
  );
}

interface Lines {
  readonly names: readonly string[];
  readonly first: number;
  readonly lines: readonly (readonly string[])[];
  readonly bytes: number;
}

function chunkOf(
  file: BatchFile,
  { names, first, lines, bytes }: Lines,
  { wanted }: ReadOptions,
): Chunk {
  const place = { file, first, rows: lines.length, bytes };
  const faults = new Map<number, string>();
  if (!wanted()) return { ...place, columns: undefined, faults };
  lines.forEach((cells, at) => {
    if (cells.length <= names.length) return;
    faults.set(at, `the line has ${cells.length} cells, and the file ${names.length} columns`);
  });
  const columns = names.map((name, at) => {
    return [name, { cells: lines.map((cells) => cells[at] ?? '') }] as const;
  });
  return { ...place, columns: new Map(columns), faults };
}

/** @throws CommandError for a duplicate name. */
export function refuseTwice({ path }: BatchFile, names: readonly string[]): void {
  const twice = names.find((name, at) => names.indexOf(name) !== at);
  if (twice === undefined) return;
  throw new CommandError(
    `The file ${path} has the column "${shortened(twice)}" twice`,
    'Give each column its own name',
  );
}
