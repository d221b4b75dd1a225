import { shortened } from '../../learner/errors/index.js';
import { CommandError } from '../errors.js';
import { isGzip, openFile, Utf8Check } from '../predict/read-stream.js';
import type { Chunk, ReadOptions } from './chunk.js';
import type { BatchFile } from './files.js';

/** A longer line is an error in the file, not something to keep in memory. */
export const MOST_LINE = 64 * 1024 * 1024;

/** The column for JSON values that are not rows. */
export const ITEM = 'item';
/** The column for files with one text per line. */
export const TEXT = 'text';

/** Consecutive lines of a file, by byte range. */
export interface LinesPart {
  readonly start: number;
  readonly end: number;
  /** The index of the first line that is not empty. */
  readonly first: number;
}

/**
 * One text or one JSON value per line: an object is a row, anything else is an item.
 *
 * @param part Undefined for all lines.
 */
export async function* readLines(
  file: BatchFile,
  options: ReadOptions,
  part: LinesPart = { start: 0, end: Infinity, first: 0 },
): AsyncGenerator<Chunk> {
  let lines: string[] = [];
  let { first } = part;
  const read = { bytes: 0 };
  const chunk = (): Chunk => {
    const place = { file, first, rows: lines.length, bytes: read.bytes };
    const made = options.wanted()
      ? { ...place, ...(file.format === 'lines' ? texts(lines) : values(lines)) }
      : { ...place, columns: undefined, faults: new Map<number, string>() };
    first += lines.length;
    lines = [];
    return made;
  };
  for await (const line of linesOf(file, read, part)) {
    if (line.trim() === '') continue;
    lines.push(line);
    if (lines.length === options.rows) yield chunk();
  }
  if (lines.length > 0) yield chunk();
}

/**
 * Reports the columns of JSON lines.
 *
 * @param limit The maximum number of lines to read.
 * @returns The number of lines read.
 */
export async function jsonNames(
  file: BatchFile,
  limit: number,
  tell: (name: string) => void,
): Promise<number> {
  let count = 0;
  for await (const line of linesOf(file, { bytes: 0 }, { start: 0, end: Infinity, first: 0 })) {
    if (line.trim() === '') continue;
    if (count++ >= limit) break;
    const value = parsed(line);
    if (typeof value !== 'object' || value === null || Array.isArray(value)) {
      if (value !== undefined) tell(ITEM);
    } else for (const name of Object.keys(value)) tell(name);
  }
  return count;
}

/** Undefined for invalid JSON, which is reported where it is predicted. */
function parsed(line: string): unknown {
  try {
    return JSON.parse(line) as unknown;
  } catch {
    return undefined;
  }
}

type Cells = Pick<Chunk, 'columns' | 'faults'>;

function texts(lines: readonly string[]): Cells {
  return { columns: new Map([[TEXT, { cells: lines }]]), faults: new Map() };
}

function values(lines: readonly string[]): Cells {
  const columns = new Map<string, unknown[]>();
  const faults = new Map<number, string>();
  const put = (name: string, at: number, cell: unknown): void => {
    let cells = columns.get(name);
    if (cells === undefined) columns.set(name, (cells = Array.from({ length: lines.length })));
    cells[at] = cell;
  };
  lines.forEach((line, at) => {
    let value: unknown;
    try {
      value = JSON.parse(line);
    } catch (error) {
      faults.set(at, `the line is not valid JSON (${shortened((error as Error).message)})`);
      return;
    }
    if (typeof value !== 'object' || value === null || Array.isArray(value)) put(ITEM, at, value);
    else for (const [name, cell] of Object.entries(value)) put(name, at, cell);
  });
  return { columns: new Map([...columns].map(([name, cells]) => [name, { cells }])), faults };
}

async function* linesOf(
  file: BatchFile,
  read: { bytes: number },
  { start, end }: LinesPart,
): AsyncGenerator<string> {
  const { path } = file;
  const opened = openFile(file, start, end);
  const decoder = new Utf8Check(path);
  let rest = '';
  let isHead = start === 0;
  try {
    for await (const bytes of opened.content as AsyncIterable<Buffer>) {
      read.bytes = isGzip(path) ? opened.bytesRead() : read.bytes + bytes.length;
      const text = rest + decoder.decode(bytes);
      // Only the beginning of a file can have a byte order mark.
      const parts = (isHead ? text.replace(/^\ufeff/, '') : text).split('\n');
      isHead &&= text === '';
      rest = parts.pop() ?? '';
      if (rest.length > MOST_LINE) {
        throw new CommandError(
          `The file ${path} has a line of more than ${MOST_LINE} characters`,
          'Give a file with one item per line',
        );
      }
      for (const part of parts) yield part.endsWith('\r') ? part.slice(0, -1) : part;
    }
    rest += decoder.decode();
    if (rest !== '') yield rest;
  } finally {
    opened.close();
  }
}
