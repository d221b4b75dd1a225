import ignore from 'ignore';
import { shortened } from '../../learner/errors/index.js';
import { CommandError } from '../errors.js';
import { addressOf, shownS3, unusableKey, type S3Address } from '../s3/address.js';
import type { S3Object } from '../s3/list.js';
import { isHidden, type Found, type FoundFile } from './found.js';

/**
 * The objects that an address names. `s3://bucket/key` names one, `s3://bucket/prefix/` all below
 * it, and a pattern those that match it.
 *
 * @param known Whether a file with that path can be an input.
 * @throws CommandError, and the errors of S3.
 */
export async function findObjects(
  argument: string,
  known: (path: string) => boolean,
  most: number,
): Promise<Found> {
  const address = addressOf(argument);
  const { bucket, key } = address;
  const special = /[*?[]/.exec(key)?.index;
  if (special === undefined && key !== '' && !key.endsWith('/')) {
    const { headObject } = await import('../s3/read.js');
    refuseUnusable(address);
    return {
      root: shownS3({ bucket, key: key.slice(0, key.lastIndexOf('/') + 1) }),
      files: [fileOf(bucket, await headObject(address))],
      several: false,
    };
  }
  const fixed = key.slice(0, special ?? key.length);
  const root = fixed.slice(0, fixed.lastIndexOf('/') + 1);
  const pattern = special === undefined ? undefined : ignore().add(`/${key.slice(root.length)}`);
  const isWanted = (each: string): boolean => {
    const below = each.slice(root.length);
    if (below === '' || below.endsWith('/') || isHidden(below) || !known(each)) return false;
    if (!pattern) return true;
    // The code below refuses an invalid address. An empty part is not in any pattern.
    return ignore.isPathValid(below) ? pattern.ignores(below) : unusableKey(each) !== undefined;
  };
  const { listObjects } = await import('../s3/list.js');
  const objects = await listObjects({ bucket, key: fixed }, isWanted, most);
  for (const each of objects) refuseUnusable({ bucket, key: each.key });
  const files = objects.map((each) => fileOf(bucket, each));
  // In the same order as files; S3 orders by UTF-8.
  return {
    root: shownS3({ bucket, key: root }),
    files: files.toSorted((a, b) => (a.path < b.path ? -1 : 1)),
    several: true,
  };
}

function fileOf(bucket: string, { key, size, etag }: S3Object): FoundFile {
  return { path: shownS3({ bucket, key }), size, mtimeMs: 0, etag };
}

function refuseUnusable(address: S3Address): void {
  const reason = unusableKey(address.key);
  if (reason === undefined) return;
  const shown = shortened(shownS3(address), 300).replace(/\p{Cc}/gu, '?');
  throw new CommandError(
    `The key of ${shown} ${reason}, so it cannot be read`,
    'Copy the object to another key, or give a pattern that leaves it out',
  );
}
