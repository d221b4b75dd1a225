import { JobResultTooLargeError } from './errors.js';

/** All pieces as one. @throws JobResultTooLargeError, before more than the limit is kept. */
export async function bounded(
  pieces: Iterable<string | Uint8Array> | AsyncIterable<string | Uint8Array>,
  maxBytes: number,
): Promise<Uint8Array> {
  const all: Uint8Array[] = [];
  let length = 0;
  for await (const piece of pieces) {
    const bytes = typeof piece === 'string' ? Buffer.from(piece) : piece;
    length += bytes.length;
    if (length > maxBytes) throw new JobResultTooLargeError(maxBytes);
    all.push(bytes);
  }
  return Buffer.concat(all);
}
