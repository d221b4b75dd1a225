import { createReadStream } from 'node:fs';
import { open, type FileHandle } from 'node:fs/promises';
import Papa from 'papaparse';
import { cellText } from '../../nest/served-model/score-columns.js';
import { writeJson } from '../../nest/io/json/write-json.js';
import { lineEnds } from './line-ends.js';
import { cellOf } from './chunk.js';
import type { Layout, OutputCells, OutputColumn } from './layout.js';

/** How chunks are written, and joined at the end. */
export interface Sink {
  /** The rows of one chunk, in the form of a separate file. */
  encode(layout: Layout, cells: OutputCells): Uint8Array | string;
  /** The number of rows in the file of a chunk. */
  rowsIn(path: string): Promise<number>;
  /** Joins the files of all chunks into one, and syncs it to disk. */
  merge(path: string, layout: Layout, parts: readonly string[]): Promise<void>;
}

/** Lines of text, with header lines first. */
function linesSink(
  head: (columns: readonly OutputColumn[]) => string,
  lines: (columns: readonly OutputColumn[], cells: OutputCells) => string,
  quotes: boolean,
): Sink {
  return {
    encode: (layout, cells) => lines(columnsOf(layout), cells),
    rowsIn: (path) => lineEnds(path, quotes),
    merge: (path, layout, parts) =>
      written(path, async (file) => {
        await file.write(head(columnsOf(layout)));
        for (const part of parts) {
          for await (const bytes of createReadStream(part)) await file.write(bytes as Buffer);
        }
      }),
  };
}

export function delimitedSink(delimiter: ',' | '\t'): Sink {
  const text = (rows: string[][]): string =>
    rows.length === 0 ? '' : `${Papa.unparse(rows, { delimiter, newline: '\n' })}\n`;
  return linesSink(
    (columns) => text([columns.map(({ name }) => name)]),
    (columns, { rows, columns: cells }) => {
      const texts = columns.map(({ type }) => (type === 'any' ? plainText : cellText));
      const of = (row: number): string[] =>
        texts.map((textOf, at) => textOf(cellOf(cells[at]!, row)));
      return text(Array.from({ length: rows }, (_, row) => of(row)));
    },
    true,
  );
}

/** A kept cell, with all of its digits. */
function plainText(value: unknown): string {
  if (value === null || value === undefined) return '';
  if (value instanceof Date) return value.toISOString();
  return typeof value === 'object' ? (writeJson(value) ?? '') : String(value);
}

export const JSON_LINES: Sink = linesSink(
  () => '',
  (columns, { rows, columns: cells }) => {
    const lines = Array.from({ length: rows }, (_, row) => {
      const members = columns.map(({ name }, at) => [name, cellOf(cells[at]!, row)] as const);
      return `${writeJson(Object.fromEntries(members.filter(([, cell]) => cell !== undefined)))}\n`;
    });
    return lines.join('');
  },
  false,
);

export function columnsOf({ kept, predicted }: Layout): OutputColumn[] {
  return [...kept, ...predicted];
}

/** Writes a file and flushes it to its disk. */
export async function written(
  path: string,
  write: (file: FileHandle) => Promise<unknown>,
): Promise<void> {
  const file = await open(path, 'w');
  try {
    await write(file);
    await file.sync();
  } finally {
    await file.close();
  }
}
