import { createReadStream } from 'node:fs';
import { Transform } from 'node:stream';
import Papa from 'papaparse';

/**
 * The records of a CSV file, one after the other, without a byte order mark.
 *
 * @param onBytes Told of how many bytes have been read.
 * @param delimiter Undefined for that of the file.
 */
export async function* csvRecords(
  path: string,
  onBytes: (bytes: number) => void,
  delimiter?: string,
): AsyncGenerator<string[]> {
  let bytes = 0;
  const counter = new Transform({
    transform(chunk: Buffer, _encoding, done) {
      bytes += chunk.length;
      onBytes(bytes);
      done(null, chunk);
    },
  });
  const parser = Papa.parse(Papa.NODE_STREAM_INPUT, {
    skipEmptyLines: true,
    ...(delimiter !== undefined && { delimiter }),
  });
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
