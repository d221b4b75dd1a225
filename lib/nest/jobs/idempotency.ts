import { createHash } from 'node:crypto';
import { parameterOf } from '../io/request-body.js';
import { InvalidIdempotencyKeyError } from './errors.js';

const MOST_CHARACTERS = 255;

/**
 * The `Idempotency-Key` of a request, in the form of the IETF draft: a quoted string. Most clients
 * send it without quotes, which is accepted too.
 *
 * @throws InvalidIdempotencyKeyError
 */
export function idempotencyKey(header: string | string[] | undefined): string | undefined {
  if (header === undefined) return undefined;
  if (Array.isArray(header)) throw new InvalidIdempotencyKeyError('came more than once');
  const quoted = /^"((?:[^"\\]|\\["\\])*)"$/.exec(header)?.[1];
  const key = quoted?.replace(/\\(.)/g, '$1') ?? header;
  if (key === '') throw new InvalidIdempotencyKeyError('is empty');
  if (key.length > MOST_CHARACTERS) {
    throw new InvalidIdempotencyKeyError(`has more than ${MOST_CHARACTERS} characters`);
  }
  if (!/^[\x20-\x7e]+$/.test(key)) throw new InvalidIdempotencyKeyError('has other characters');
  return key;
}

/** A key belongs to an endpoint and a caller. */
export function keyDigest(name: string, caller: string | undefined, key: string): string {
  return sha256(JSON.stringify([name, caller ?? null, key]));
}

/**
 * A digest of the request body. The boundary of a form differs each time that a client sends it.
 */
export function bodyDigest(contentType: string | undefined, bytes: Uint8Array): string {
  const type = contentType?.split(';', 1)[0]?.trim().toLowerCase() ?? '';
  const boundary = type.startsWith('multipart/') ? parameterOf(contentType ?? '', 'boundary') : '';
  if (!boundary) return sha256(`${type}\n`, bytes);
  return sha256(`${type}\n`, Buffer.from(bytes).toString('latin1').replaceAll(boundary, ''));
}

function sha256(...parts: (string | Uint8Array)[]): string {
  const hash = createHash('sha256');
  for (const part of parts) hash.update(part);
  return hash.digest('hex');
}
