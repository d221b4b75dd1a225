import { realpath } from 'node:fs/promises';
import { basename, dirname, isAbsolute, join, parse, relative, resolve, sep } from 'node:path';
import { VtsError } from '../../../learner/errors/index.js';
import { CommandError } from '../../errors.js';

/** A chunk names a file outside of the folder that a worker was given. */
export class OutsideRootError extends VtsError {
  constructor(path: string, root: string) {
    super(`The path ${path} is outside of ${root}. Start the worker with --root and its folder.`);
  }
}

/** Where everything is that the paths on a queue are relative to, if nothing else is said. */
export const WHOLE = parse(process.cwd()).root;

/** A path as payloads have it: below the root, with slashes. @throws CommandError */
export function belowRoot(path: string, root: string): string {
  const below = relative(root, resolve(path));
  if (below !== '' && !isAbsolute(below) && below.split(sep)[0] !== '..') {
    return below.split(sep).join('/');
  }
  throw new CommandError(
    `${path} is outside of ${root}, where workers look for it`,
    'Give --root the folder with the input and the output',
  );
}

/** Finds files of a batch in the one folder that this process may use. */
export class Root {
  private constructor(
    /** The folder as it was given, absolute. */
    readonly folder: string,
    private readonly real: string,
  ) {}

  static async open(folder: string): Promise<Root> {
    const real = await realpath(folder).catch(() => undefined);
    if (real !== undefined) return new Root(resolve(folder), real);
    throw new CommandError(`No folder at ${folder}`, 'Give --root the folder of input and output');
  }

  /**
   * Where a path of a payload is here.
   *
   * @param root The coordinator's root. The whole machine has the same paths here. A folder is
   * replaced by this one.
   * @throws OutsideRootError, or the error of a folder that is not there.
   */
  async locate(below: string, root: string): Promise<string> {
    const path = join(root === WHOLE ? WHOLE : this.folder, below);
    // A new file has no real path; its folder has.
    const found = await realpath(path).catch(async () => {
      return join(await realpath(dirname(path)), basename(path));
    });
    const inside = relative(this.real, found);
    if (isAbsolute(inside) || inside.split(sep)[0] === '..') {
      throw new OutsideRootError(path, this.folder);
    }
    return path;
  }
}
