import { realpath } from 'node:fs/promises';
import { basename, dirname, isAbsolute, join, parse, relative, resolve, sep } from 'node:path';
import { VtsError } from '../../../learner/errors/index.js';
import { CommandError } from '../../errors.js';
import { isS3, parseS3, unusableKey, type S3Address } from '../../s3/address.js';

/** A chunk names a file outside the roots of a worker. */
export class OutsideRootError extends VtsError {
  constructor(path: string, root: string) {
    super(`The path ${path} is outside ${root}. Start the worker with a --root that contains it.`);
  }
}

/** The default root, to which the paths on a queue are relative. */
export const WHOLE = parse(process.cwd()).root;

/**
 * A path in the form of payloads: below the root, with slashes, or an S3 address.
 *
 * @throws CommandError
 */
export function belowRoot(path: string, root: string): string {
  if (isS3(path)) return path;
  const below = relative(root, resolve(path));
  if (below !== '' && !isAbsolute(below) && below.split(sep)[0] !== '..') {
    return below.split(sep).join('/');
  }
  throw new CommandError(
    `${path} is outside ${root}, the root of the workers`,
    'Use --root with the folder that has the input and the output',
  );
}

/** Finds files of a batch in the folder and below the S3 addresses that this process may use. */
export class Root {
  private constructor(
    /** The given folder as an absolute path; undefined if only S3 addresses were given. */
    readonly folder: string | undefined,
    private readonly real: string,
    private readonly prefixes: readonly S3Address[],
    /** All of them, for messages. */
    readonly shown: string,
  ) {}

  /**
   * @throws CommandError for more than one folder, a folder that does not exist, and other
   *   addresses.
   */
  static async open(places: readonly string[]): Promise<Root> {
    const prefixes = places.filter(isS3).map(prefixOf);
    const [given, other] = places.filter((place) => !isS3(place));
    if (other !== undefined) {
      throw new CommandError(
        `--root has two folders, ${given} and ${other}`,
        'Give one that has both, and any number of s3:// addresses',
      );
    }
    const folder = given === undefined ? undefined : resolve(given);
    const real = folder && (await realpath(folder).catch(() => undefined));
    if (folder !== undefined && real === undefined) {
      throw new CommandError(
        `No folder at ${given}`,
        'Use --root with the folder of input and output',
      );
    }
    const shown = [...(folder === undefined ? [] : [folder]), ...places.filter(isS3)];
    return new Root(folder, real ?? '', prefixes, shown.join(', '));
  }

  /**
   * The local path for a path of a payload.
   *
   * @param root The coordinator's root. If it is the whole machine, paths are the same here.
   *   Otherwise this root replaces it.
   * @throws OutsideRootError, or the error of a folder that does not exist.
   */
  async locate(below: string, root: string): Promise<string> {
    if (isS3(below)) {
      if (this.#hasObject(below)) return below;
      throw new OutsideRootError(below, this.shown);
    }
    if (this.folder === undefined) throw new OutsideRootError(join(root, below), this.shown);
    const path = join(root === WHOLE ? WHOLE : this.folder, below);
    // A new file does not have a real path yet, but its folder does.
    const found = await realpath(path).catch(async () => {
      return join(await realpath(dirname(path)), basename(path));
    });
    const inside = relative(this.real, found);
    if (isAbsolute(inside) || inside.split(sep)[0] === '..') {
      throw new OutsideRootError(path, this.shown);
    }
    return path;
  }

  #hasObject(path: string): boolean {
    const { bucket, key } = parseS3(path) ?? {};
    if (key === undefined || unusableKey(key) !== undefined) return false;
    return this.prefixes.some((prefix) => prefix.bucket === bucket && key.startsWith(prefix.key));
  }
}

/**
 * An address that is a prefix of keys: a whole bucket, or whole path segments.
 * @throws CommandError
 */
function prefixOf(place: string): S3Address {
  const address = parseS3(place);
  if (!address || unusableKey(address.key) !== undefined) {
    throw new CommandError(`--root is "${place}"`, 'Give a folder, or s3://bucket/prefix/');
  }
  const { bucket, key } = address;
  return { bucket, key: key === '' || key.endsWith('/') ? key : `${key}/` };
}
