import { Transform } from 'node:stream';
import Papa from 'papaparse';
import { isGzip, openFile, Utf8Check, type BytesOf } from './read-stream.js';

/** How a CSV file is written. */
export interface CsvDialect {
  readonly delimiter: string;
  readonly newline: '\n' | '\r' | '\r\n';
}

/** Some records of a file: its bytes from `start` up to, but not including, `end`. */
export interface CsvPart extends Partial<CsvDialect> {
  readonly start?: number;
  readonly end?: number;
}

/**
 * The records of a CSV file, one after the other, without a byte order mark.
 *
 * @param onBytes Called with the number of bytes read so far.
 * @param part The part to read; the whole file by default. Missing parts of the dialect come from
 *   the file.
 */
export async function* csvRecords(
  input: BytesOf,
  onBytes: (bytes: number) => void,
  { start = 0, end = Infinity, delimiter, newline }: CsvPart = {},
): AsyncGenerator<string[]> {
  let bytes = 0;
  const { path } = input;
  const file = openFile(input, start, end);
  const check = new Utf8Check(path);
  const counter = new Transform({
    // Decoded as text, so that a character may be split between two blocks.
    readableObjectMode: true,
    transform(chunk: Buffer, _encoding, done) {
      bytes += chunk.length;
      onBytes(isGzip(path) ? file.bytesRead() : bytes);
      attempt(() => check.decode(chunk), done);
    },
    flush(done) {
      attempt(() => check.decode(), done);
    },
  });
  const parser = Papa.parse(Papa.NODE_STREAM_INPUT, {
    skipEmptyLines: true,
    ...(delimiter !== undefined && { delimiter }),
    ...(newline !== undefined && { newline }),
  });
  file.content.on('error', (error) => parser.destroy(error));
  counter.on('error', (error) => parser.destroy(error));
  file.content.pipe(counter).pipe(parser);
  let first = true;
  try {
    for await (const record of parser) {
      const cells = record as string[];
      if (first && start === 0) cells[0] = (cells[0] ?? '').replace(/^\ufeff/, '');
      first = false;
      yield cells;
    }
  } finally {
    file.close();
  }
}

function attempt(read: () => string, done: (error: Error | null, text?: string) => void): void {
  let text: string;
  try {
    text = read();
  } catch (error) {
    done(error as Error);
    return;
  }
  done(null, text);
}
