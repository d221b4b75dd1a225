import { promisify } from 'node:util';
import { constants, deflate, deflateSync, gzip, gzipSync } from 'node:zlib';

/** Below this size, another thread costs more than it saves. */
const SMALL_BYTES = 16 * 1024;

/** Answers are compressed and read only once, so the fastest level is best. */
const OPTIONS = { level: constants.Z_BEST_SPEED };

const CODINGS = {
  gzip: { now: gzipSync, later: promisify(gzip) },
  deflate: { now: deflateSync, later: promisify(deflate) },
} as const;

type Coding = keyof typeof CODINGS;

/** The rest of a longer header is ignored. */
const MOST_CODINGS = 16;

/** Whether a header names only one coding, which HTTP libraries do not do by default. */
export function namesOne(header: string | undefined): boolean {
  return header !== undefined && !header.includes(',');
}

/**
 * The coding of an answer by the request's `Accept-Encoding`, chosen as in Triton: the coding with
 * the most weight, and of several the first. `*` does not name a coding.
 */
export function codingFor(header: string | undefined): Coding | undefined {
  let best: string | undefined;
  let most = 0;
  for (const entry of header?.split(',', MOST_CODINGS) ?? []) {
    const [name = '', ...parameters] = entry.split(';').map((part) => part.trim().toLowerCase());
    const given = parameters.find((parameter) => parameter.startsWith('q='));
    const weight = given === undefined ? 1 : Number(given.slice(2));
    if (!(weight > most) || (name !== 'identity' && !isCoding(name))) continue;
    [best, most] = [name, weight];
  }
  return isCoding(best) ? best : undefined;
}

function isCoding(name: string | undefined): name is Coding {
  return name !== undefined && Object.hasOwn(CODINGS, name);
}

export function compressed(bytes: Uint8Array, coding: Coding): Uint8Array | Promise<Uint8Array> {
  const { now, later } = CODINGS[coding];
  return bytes.length <= SMALL_BYTES ? now(bytes, OPTIONS) : later(bytes, OPTIONS);
}
