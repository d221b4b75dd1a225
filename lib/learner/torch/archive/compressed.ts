import zlib from 'node:zlib';
import { checkLimit, type ReadLimits } from '../limits.js';
import type { ByteSource } from './byte-source.js';

/** Compressions of `joblib.dump` that Node lacks, by the first bytes of their files. */
const OTHERS = [
  ['BZh', 'bz2'],
  ['\xfd7zXZ\0', 'xz'],
  ['\x5d\0\0', 'lzma'],
  ['\x04"M\x18', 'lz4'],
  ['ZF', 'a format of joblib before 0.10'],
] as const;

/** Why a compressed file cannot be read: its compression, and what to do about it. */
export function unreadCompression(head: Uint8Array): string | undefined {
  const start = Buffer.from(head.subarray(0, 8)).toString('latin1');
  const name = OTHERS.find(([magic]) => start.startsWith(magic))?.[1];
  return (
    name &&
    `it is compressed with ${name}, perhaps by joblib, and this reader supports only zlib ` +
      "and gzip (in Python: joblib.dump(joblib.load(file), 'plain.pkl', compress=0))"
  );
}

/** A zlib header is a multiple of 31; a gzip header starts with two fixed bytes. */
function unzipper(head: Uint8Array): typeof zlib.inflateSync | undefined {
  const [first = 0, second = 0] = head;
  if (first === 0x1f && second === 0x8b) return zlib.gunzipSync;
  return first === 0x78 && (first * 256 + second) % 31 === 0 ? zlib.inflateSync : undefined;
}

/**
 * Inflates zlib or gzip: all of it within the limits, or the first bytes if only part of a file is
 * there. Undefined for other bytes.
 */
export function inflated(
  source: ByteSource,
  bytes: Uint8Array,
  most: Readonly<ReadLimits> | number,
): Uint8Array | undefined {
  const unzip = unzipper(bytes);
  if (!unzip) return undefined;
  if (typeof most === 'number') {
    try {
      // The head of a file ends in the middle of a block.
      return unzip(bytes, { finishFlush: zlib.constants.Z_SYNC_FLUSH }).subarray(0, most);
    } catch {
      return undefined;
    }
  }
  const allowed = Math.min(
    most.maxPickleBytes,
    most.maxInflatedBytes,
    bytes.length * most.maxInflateRatio,
  );
  try {
    const all = unzip(bytes, { maxOutputLength: allowed });
    return new Uint8Array(all.buffer, all.byteOffset, all.byteLength);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ERR_BUFFER_TOO_LARGE') {
      checkLimit(
        source.name,
        { ...most, maxPickleBytes: allowed },
        'maxPickleBytes',
        allowed + 1,
        `a compressed pickle of more than ${allowed} bytes`,
      );
    }
    throw source.corrupt('its compressed content cannot be inflated', error);
  }
}
