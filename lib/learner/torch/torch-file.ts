import { createHash } from 'node:crypto';
import type { PyGlobal, PyValue } from './python.js';
import { openSource, type ByteSource } from './archive/byte-source.js';
import { NotATorchFileError, TarFileError } from './errors.js';
import { unreadCompression } from './archive/compressed.js';
import { isLegacy, readLegacy } from './archive/legacy-format.js';
import { isCompressedPickle, readPlain, startsPickle } from './archive/plain-pickle.js';
import { readZipFormat } from './archive/zip-format.js';
import { DEFAULT_LIMITS, type ReadLimits } from './limits.js';

/** An open torch file. Its storages are read on first use, until it is closed. */
export interface TorchFile {
  /** The pickled object. */
  readonly root: PyValue;
  /** Every class and function that the pickle names, once each, in the order of the file. */
  readonly globals: readonly PyGlobal[];
  readonly format: 'zip' | 'legacy' | 'pickle';
  /**
   * Differs if the content differs: a SHA-256 of the pickle, and of the CRC-32 and size of each
   * other entry that the archive states; or of all bytes if the file is not a zip archive.
   */
  fingerprint(): string;
  /** For a path, tensors that were not read before can no longer be read. */
  close(): void;
}

export interface ReadTorchFileOptions {
  /** Limits on what the file may demand; omitted limits have their defaults. */
  limits?: Partial<ReadLimits>;
}

/**
 * Reads the files of `torch.save` (the zip format, and the stream from before torch 1.6), and the
 * files of `pickle.dump` or `joblib.dump` with torch's objects, compressed with zlib or gzip or
 * uncompressed. Nothing in a file is executed. A path stays open for its storages; bytes are
 * viewed, not copied.
 */
export function readTorchFile(
  source: string | Uint8Array,
  options: ReadTorchFileOptions = {},
): TorchFile {
  const limits = { ...DEFAULT_LIMITS, ...options.limits };
  const bytes = openSource(source);
  try {
    return { ...readAny(bytes, limits), close: () => bytes.close() };
  } catch (error) {
    bytes.close();
    throw error;
  }
}

function readAny(source: ByteSource, limits: Readonly<ReadLimits>): Omit<TorchFile, 'close'> {
  const head = source.read(0, Math.min(source.size, 512));
  if (startsWith(head, 'PK\x03\x04') || startsWith(head, 'PK\x05\x06')) {
    return { ...readZipFormat(source, limits), format: 'zip' };
  }
  if (startsWith(head.subarray(257), 'ustar')) throw new TarFileError(source.name);
  const fingerprint = (): string => digestOf(source);
  if (isPlain(source, head, limits)) {
    return { ...readPlain(source, limits), format: 'pickle', fingerprint };
  }
  const other = otherFormat(head);
  if (other) throw new NotATorchFileError(source.name, other);
  return { ...readLegacy(source, limits), format: 'legacy', fingerprint };
}

function isPlain(source: ByteSource, head: Uint8Array, limits: Readonly<ReadLimits>): boolean {
  return startsPickle(head) ? !isLegacy(source, limits) : isCompressedPickle(source, head);
}

function digestOf(source: ByteSource): string {
  const hash = createHash('sha256');
  const chunk = 2 ** 20;
  for (let start = 0; start < source.size; start += chunk) {
    hash.update(source.read(start, Math.min(chunk, source.size - start)));
  }
  return hash.digest('hex');
}

/** First bytes of other files that people mistake for torch files. */
const OTHER_FILES = [
  ['version https://git-lfs', 'it is a Git LFS pointer, not the file itself (run `git lfs pull`)'],
  ['\x1f\x8b', 'it is compressed with gzip'],
  ['\x89HDF', 'it is an HDF5 file'],
  ['\x93NUMPY', 'it is a numpy file'],
] as const;

/** The kind of a file that people mistake for a torch file, by its first 512 bytes. */
export function otherFormat(head: Uint8Array): string | undefined {
  if (head.length === 0) return 'it is empty';
  const known = OTHER_FILES.find(([start]) => startsWith(head, start))?.[1];
  if (known !== undefined) return known;
  const compression = unreadCompression(head);
  if (compression !== undefined) return compression;
  if (/^\s*<(!doctype|html)/i.test(Buffer.from(head).toString('latin1'))) {
    return 'it is an HTML page, perhaps the error page of a download';
  }
  const isSafetensors = head[8] === 0x7b && startsWith(head.subarray(1), '\0\0\0\0\0');
  return isSafetensors ? 'it looks like a safetensors file' : undefined;
}

function startsWith(bytes: Uint8Array, text: string): boolean {
  return Buffer.from(bytes.subarray(0, text.length)).toString('latin1') === text;
}
