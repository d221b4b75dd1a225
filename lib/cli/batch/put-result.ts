import { existsSync } from 'node:fs';
import { readFile, rm, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { CommandError } from '../errors.js';
import { writeResult } from '../predict/result-file.js';
import { addressOf, isS3, unusableKey } from '../s3/address.js';
import { ObjectNotFoundError } from '../s3/errors.js';

/** In the work folder: the data for S3, and the id of an incomplete upload. */
const RESULT = 'result';
export const UPLOAD = 'upload';

/** The path of an output for messages and manifests: absolute, or an S3 URL. */
export function outputPath(out: string): string {
  return isS3(out) ? out : resolve(out);
}

/** @throws CommandError if a file exists that must not be replaced, or for an unsupported URL. */
export async function refuseOutput(path: string, overwrite: boolean): Promise<void> {
  if (!isS3(path)) {
    if (overwrite || !existsSync(path)) return;
    throw new CommandError(`The file ${path} already exists`, 'Give another, or add --force');
  }
  const address = addressOf(path);
  const reason = address.key === '' ? 'is empty' : unusableKey(address.key);
  if (reason !== undefined) {
    throw new CommandError(`The key of ${path} ${reason}`, 'Write s3://bucket/key');
  }
  if (overwrite) return;
  const { headObject } = await import('../s3/read.js');
  const found = await headObject(address).catch((error: unknown) => {
    if (error instanceof ObjectNotFoundError) return undefined;
    throw error;
  });
  if (!found) return;
  throw new CommandError(`The object ${path} already exists`, 'Give another, or add --force');
}

/**
 * Writes a result completely, or not at all.
 *
 * @param work The folder in which it is created before it goes to S3.
 * @param write Receives the path to write to.
 * @throws CommandError
 */
export async function putResult(
  path: string,
  overwrite: boolean,
  work: string,
  write: (aside: string) => Promise<void>,
): Promise<void> {
  if (!isS3(path)) return writeResult(path, overwrite, write);
  await refuseOutput(path, overwrite);
  const aside = join(work, RESULT);
  const note = join(work, UPLOAD);
  const { putFile } = await import('../s3/write.js');
  try {
    await write(aside);
    await putFile(addressOf(path), aside, {
      read: () => readFile(note, 'utf8').catch(() => undefined),
      write: (id) => (id === undefined ? rm(note, { force: true }) : writeFile(note, id)),
    });
  } finally {
    await rm(aside, { force: true });
  }
}
