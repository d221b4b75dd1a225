import { createReadStream } from 'node:fs';
import { shortened } from '../../learner/errors/index.js';
import { CommandError } from '../errors.js';
import type { Chunk, ReadOptions } from './chunk.js';
import type { BatchFile } from './files.js';

/** A longer line is a fault of the file, not something to keep in memory. */
const MOST_LINE = 64 * 1024 * 1024;

/** The column of JSON values that are not rows. */
export const ITEM = 'item';
/** The column of files that have a text a line. */
const TEXT = 'text';

/** A text a line, or a JSON value a line: an object is a row, anything else an item. */
export async function* readLines(file: BatchFile, options: ReadOptions): AsyncGenerator<Chunk> {
  let lines: string[] = [];
  let first = 0;
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
  for await (const line of linesOf(file.path, read)) {
    if (line.trim() === '') continue;
    lines.push(line);
    if (lines.length === options.rows) yield chunk();
  }
  if (lines.length > 0) yield chunk();
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

async function* linesOf(path: string, read: { bytes: number }): AsyncGenerator<string> {
  // It takes the byte order mark away.
  const decoder = new TextDecoder();
  let rest = '';
  for await (const bytes of createReadStream(path) as AsyncIterable<Buffer>) {
    read.bytes += bytes.length;
    const parts = (rest + decoder.decode(bytes, { stream: true })).split('\n');
    rest = parts.pop() ?? '';
    if (rest.length > MOST_LINE) {
      throw new CommandError(
        `The file ${path} has a line of more than ${MOST_LINE} characters`,
        'Give a file with an item a line',
      );
    }
    for (const part of parts) yield part.endsWith('\r') ? part.slice(0, -1) : part;
  }
  rest += decoder.decode();
  if (rest !== '') yield rest;
}
