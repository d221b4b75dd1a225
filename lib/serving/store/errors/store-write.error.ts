import { VtsError } from '../../../learner/errors/index.js';

const REMEDIES: Readonly<Record<string, string>> = {
  ENOSPC: 'Free space on its disk.',
  EDQUOT: 'Raise the disk quota, or free space.',
  EROFS: 'Mount it writable, or set home (VTS_HOME) to a store that is.',
  ENOTDIR: 'Set home (VTS_HOME) to a folder.',
  EEXIST: 'Set home (VTS_HOME) to a folder.',
  EXDEV: 'Put the folders "models" and "tmp" of the store on one file system.',
};

/**
 * The store cannot be written: disk full, no permission, read-only. The store is as it was.
 *
 * @publicApi
 */
export class StoreWriteError extends VtsError {
  constructor(
    readonly home: string,
    /** The system's error code, such as `ENOSPC`. */
    override readonly code: string,
    options?: ErrorOptions,
  ) {
    const remedy =
      REMEDIES[code] ??
      'Allow this user to write there, or set home (VTS_HOME) to a store that it may write.';
    super(
      `The store at ${home} could not be written (${code}); it is as it was. ${remedy}`,
      options,
    );
  }
}
