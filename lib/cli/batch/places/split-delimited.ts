import Papa from 'papaparse';
import type { CsvDialect } from '../../predict/csv-records.js';
import { streamOf } from '../../predict/read-stream.js';
import type { BatchFile } from '../files.js';
import { dialectOf } from '../read-delimited.js';
import type { WholePlace } from './split.js';

/** Where a chunk ends. */
interface Mark {
  /** How many rows are before it, and the offset of the byte after them. */
  readonly rows: number;
  readonly byte: number;
}

/**
 * Where chunks of CSV or TSV begin and end. The parser that reads the rows also finds these places.
 * It receives each byte of the file as one character, so that it counts bytes. In UTF-8 the bytes
 * of quotation marks, delimiters and line ends do not occur in other characters.
 */
export async function* splitDelimited(file: BatchFile, rows: number): AsyncGenerator<WholePlace> {
  const marks: Mark[] = [];
  let wake: (() => void) | undefined;
  let ended = false;
  let failure: Error | undefined;
  let dialect: CsvDialect = { delimiter: ',', newline: '\n' };
  let head: number | undefined;
  let count = 0;
  let last = 0;
  const input = streamOf(file).setEncoding('latin1');
  const end = (error?: Error): void => {
    failure = error;
    ended = true;
    wake?.();
  };
  Papa.parse<string[]>(input, {
    skipEmptyLines: true,
    ...dialectOf(file),
    step: ({ meta }) => {
      dialect = { delimiter: meta.delimiter, newline: meta.linebreak as CsvDialect['newline'] };
      last = meta.cursor;
      if (head === undefined) head = last;
      else if (++count % rows === 0) {
        marks.push({ rows: count, byte: last });
        wake?.();
      }
    },
    complete: () => end(),
    error: end,
  });
  let before: Mark | undefined;
  const place = (mark: Mark): WholePlace => {
    const { rows: first, byte: start } = before ?? { rows: 0, byte: head! };
    before = mark;
    const { rows: total, byte: end } = mark;
    const range = { start, end, bytes: end - start, head: head! };
    return { files: [file], first, rows: total - first, ...range, ...dialect };
  };
  try {
    for (;;) {
      for (let mark = marks.shift(); mark; mark = marks.shift()) yield place(mark);
      if (ended) break;
      await new Promise<void>((resolve) => (wake = resolve));
    }
    if (failure) throw failure;
    if (count > (before?.rows ?? 0)) yield place({ rows: count, byte: file.size });
  } finally {
    input.destroy();
  }
}
