import { readFile } from 'node:fs/promises';
import { dirname, isAbsolute, posix, resolve } from 'node:path';
import { shortened } from '../../learner/errors/index.js';
import { CommandError } from '../errors.js';
import type { BytesOf } from '../predict/read-stream.js';
import { addressOf, isS3, parseS3, shownS3, unusableKey } from '../s3/address.js';
import { ObjectChangedError, ObjectNotFoundError } from '../s3/errors.js';
import type { BatchFile } from './files.js';

/** An item is completely in memory, so its size is limited. */
const MOST_ITEM_BYTES = 512 * 1024 * 1024;

/** A file of an item cannot be read; only its row fails. */
export class ItemFileError extends CommandError {}

/** The objects that were found, with size and ETag, by URL. */
export type KnownObjects = ReadonlyMap<string, BytesOf>;

/** The objects among files that are one item each; undefined if there are none. */
export function knownObjects(files: readonly BatchFile[]): KnownObjects | undefined {
  const objects = files.filter(({ format, path }) => format === 'item' && isS3(path));
  return objects.length === 0 ? undefined : new Map(objects.map((file) => [file.path, file]));
}

/**
 * The bytes of an item.
 *
 * @throws ItemFileError if the object is missing, has changed, or is too large. Errors of an
 * unavailable server do not belong to the row.
 */
export async function readItem(path: string, known: KnownObjects | undefined): Promise<Buffer> {
  if (!isS3(path)) return readFile(path);
  const object = known?.get(path) ?? { path };
  if ((object.size ?? 0) > MOST_ITEM_BYTES) throw tooLarge(path);
  const { readBytes } = await import('../s3/read.js');
  try {
    return await readBytes(object, 0, Infinity, MOST_ITEM_BYTES);
  } catch (error) {
    if (error instanceof ObjectNotFoundError) {
      throw new ItemFileError(`No object at ${path}`, 'Check the key');
    }
    if (error instanceof ObjectChangedError) {
      throw new ItemFileError(
        `The object ${path} changed after the batch began`,
        'Begin again with --restart',
      );
    }
    if (error instanceof RangeError) throw tooLarge(path);
    throw error;
  }
}

function tooLarge(path: string): ItemFileError {
  return new ItemFileError(
    `The object ${path} has more than ${MOST_ITEM_BYTES / 2 ** 20} MiB`,
    'Leave it out',
  );
}

/**
 * The location of a file that a row names: a path relative to the file of the row, or an S3 URL.
 *
 * @throws ItemFileError if an object names a file on this machine.
 */
export function besideFile(file: BatchFile, name: string): string {
  if (isS3(name)) return checked(name);
  if (!isS3(file.path)) return resolve(dirname(file.path), name);
  const { bucket, key } = addressOf(file.path);
  const below = posix.join(posix.dirname(key), name);
  if (isAbsolute(name) || below === '..' || below.startsWith('../')) {
    throw new ItemFileError(
      `"${shortened(name)}" is outside the bucket "${bucket}"`,
      'Name objects by paths relative to the file, or as s3://bucket/key',
    );
  }
  return checked(shownS3({ bucket, key: below }));
}

function checked(path: string): string {
  const address = parseS3(path);
  const reason = address ? unusableKey(address.key) : 'is not of the form s3://bucket/key';
  if (reason === undefined) return path;
  throw new ItemFileError(`The address "${shortened(path)}" ${reason}`, 'Give another');
}
