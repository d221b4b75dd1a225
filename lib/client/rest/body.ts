import { InferenceError } from '../errors.js';
import type { HttpResponse } from './http.js';

/** Reads the whole body. @throws InferenceError as soon as it is known to be too long */
export async function readBody(
  what: string,
  response: HttpResponse,
  most: number,
): Promise<Uint8Array> {
  if (response.whole !== undefined) {
    const body = await response.whole(most);
    if (body === undefined) throw tooLong(what, most);
    return body;
  }
  const chunks: Uint8Array[] = [];
  let length = 0;
  for await (const chunk of response.body) {
    length += chunk.length;
    if (length > most) throw tooLong(what, most);
    chunks.push(chunk);
  }
  return joined(chunks);
}

/** The beginning of a body. */
export async function readStart(response: HttpResponse, most: number): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  let left = most;
  for await (const chunk of response.body) {
    chunks.push(chunk.subarray(0, left));
    left -= chunk.length;
    if (left <= 0) break;
  }
  return joined(chunks);
}

export function tooLong(what: string, most: number): InferenceError {
  return new InferenceError(
    `The answer to ${what} has more than ${most} bytes; ask for less at once, or give the client a larger maxResponseBytes.`,
    { status: 'RESOURCE_EXHAUSTED', mayHaveRun: true },
  );
}

/** Joins the chunks; a single one is returned unchanged. */
export function joined(chunks: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const [only] = chunks;
  if (chunks.length === 1 && only) return only as Uint8Array<ArrayBuffer>;
  const whole = new Uint8Array(chunks.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const chunk of chunks) {
    whole.set(chunk, at);
    at += chunk.length;
  }
  return whole;
}
