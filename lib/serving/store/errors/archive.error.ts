import { VtsError } from '../../../learner/errors/index.js';

/**
 * A file that was to be imported is no archive of a kind that is read here.
 *
 * @publicApi
 */
export class ArchiveFormatError extends VtsError {
  constructor(
    readonly path: string,
    fact: string,
  ) {
    super(
      `The file ${path} is no archive that can be read${fact && `: ${fact}`}. ` +
        'Give a .bentomodel (tar.xz), .tar.gz, .tar or .zip of a model.',
    );
  }
}

/**
 * An archive holds something that no model needs: a link, a path that leaves the folder, more than
 * any model has. Nothing of it was kept.
 *
 * @publicApi
 */
export class ArchiveEntryError extends VtsError {
  constructor(
    /** The archive. */
    readonly path: string,
    readonly entry: string,
    reason: string,
  ) {
    super(
      `The archive ${path} is refused for its entry ${JSON.stringify(entry.slice(0, 100))}: ${reason}. ` +
        'Export the model again, and import only archives that you trust.',
    );
  }
}

/**
 * An archive is damaged, or ends early.
 *
 * @publicApi
 */
export class CorruptModelArchiveError extends VtsError {
  constructor(
    readonly path: string,
    reason: string,
    options?: ErrorOptions,
  ) {
    super(
      `The archive ${path} cannot be unpacked: ${reason.replace(/\.$/, '')}. Copy or export it again.`,
      options,
    );
  }
}

/**
 * There is a file already where an archive was to be written.
 *
 * @publicApi
 */
export class ArchiveExistsError extends VtsError {
  constructor(readonly path: string) {
    super(`The file ${path} is there already. Give another path, or overwrite it (--force).`);
  }
}

/**
 * An archive cannot be read or written, as the system says.
 *
 * @publicApi
 */
export class ArchiveFileError extends VtsError {
  constructor(
    readonly path: string,
    doing: 'read' | 'written',
    /** The system's error code, such as `ENOENT`. */
    override readonly code: string,
    options?: ErrorOptions,
  ) {
    const missing = doing === 'read' ? 'Check the path.' : 'Make the folder first.';
    const remedies: Readonly<Record<string, string>> = {
      ENOENT: missing,
      ENOTDIR: missing,
      EISDIR: 'Give the path of a file.',
      ENOSPC: 'Free space on its disk.',
      EDQUOT: 'Raise the disk quota, or free space.',
      EROFS: 'Choose a place that can be written.',
    };
    super(
      `The archive ${path} could not be ${doing} (${code}). ` +
        (remedies[code] ?? 'See to it that this user may do so.'),
      options,
    );
  }
}
