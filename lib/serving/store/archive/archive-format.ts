import { open } from 'node:fs/promises';
import { ArchiveFormatError } from '../errors.js';

/**
 * The format of a model's archive. `bentomodel` is a tar in xz, as BentoML writes it.
 *
 * @publicApi
 */
export type ArchiveFormat = 'bentomodel' | 'tar' | 'tar.gz' | 'zip';

const EXTENSIONS: readonly (readonly [pattern: RegExp, format: ArchiveFormat])[] = [
  [/\.(?:bentomodel|xz|txz)$/i, 'bentomodel'],
  [/\.(?:gz|tgz)$/i, 'tar.gz'],
  [/\.tar$/i, 'tar'],
  [/\.zip$/i, 'zip'],
];

/** The format that a file's name requests, if any, by BentoML's rules. */
export function formatOfName(path: string): ArchiveFormat | undefined {
  return EXTENSIONS.find(([pattern]) => pattern.test(path))?.[1];
}

const SIGNATURES: readonly (readonly [at: number, bytes: string, format: ArchiveFormat])[] = [
  [0, '\xfd7zXZ\0', 'bentomodel'],
  [0, '\x1f\x8b', 'tar.gz'],
  [0, 'PK\x03\x04', 'zip'],
  [0, 'PK\x05\x06', 'zip'],
  [257, 'ustar', 'tar'],
];

/**
 * The format of an archive by its first bytes, because names may be wrong.
 *
 * @throws ArchiveFormatError if the format is not supported.
 */
export async function formatOfFile(path: string): Promise<ArchiveFormat> {
  const handle = await open(path, 'r');
  try {
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(512), 0, 512, 0);
    const head = buffer.toString('latin1', 0, bytesRead);
    const found = SIGNATURES.find(([at, bytes]) => head.startsWith(bytes, at));
    if (found) return found[2];
    throw new ArchiveFormatError(path, head.startsWith('BZh') ? 'it is compressed with bzip2' : '');
  } finally {
    await handle.close();
  }
}
