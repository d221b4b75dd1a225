import { listed, VtsError } from '../../learner/errors/index.js';

/** A tag is not of the form `name[:version]`. @publicApi */
export class InvalidTagError extends VtsError {
  constructor(
    /** The tag as given. */
    readonly tag: string,
    reason: string,
    remedy = 'Write name or name:version, each of 1 to 63 lower-case letters, digits, "-", "_" or ".", starting and ending with a letter or digit.',
  ) {
    super(`"${tag}" is not a valid tag: ${reason}. ${remedy}`);
  }
}

/**
 * Labels, metadata, signatures or other facts have a type that a model.yaml cannot hold.
 *
 * @publicApi
 */
export class InvalidModelInfoError extends VtsError {
  constructor(
    readonly tag: string,
    /** The errors, one fact each. */
    readonly problems: readonly string[],
  ) {
    super(
      `The options for the model "${tag}" are not valid: ${problems.join('; ')}. Correct these options.`,
    );
  }
}

/** A model's folder exists, but its model.yaml is missing, unreadable or wrong. @publicApi */
export class CorruptModelError extends VtsError {
  constructor(
    /** The folder of the model, or the archive that holds it. */
    readonly path: string,
    /** The errors, one fact each. */
    readonly problems: readonly string[],
    options?: ErrorOptions,
  ) {
    super(
      `The model at ${path} cannot be read: ${problems.join('; ')}. ` +
        'Restore its model.yaml, or delete the folder and save the model again.',
      options,
    );
  }
}

/** How many of the store's models the message names. */
const LISTED = 20;

/** The store does not have this model or version. The message lists what it has. @publicApi */
export class ModelNotFoundError extends VtsError {
  constructor(
    /** The requested tag. */
    readonly tag: string,
    /** The store's home. */
    readonly home: string,
    /** Tags in the store. */
    readonly available: readonly string[],
  ) {
    const all = available.length === 0 ? 'no models' : listed(available, LISTED);
    super(
      `The model "${tag}" is not in the store at ${home}, which has ${all}. ` +
        'Save it there with fastai.saveModel(), or set home (VTS_HOME) to the store that has it.',
    );
  }
}

/** No version has this name, and several start with it. @publicApi */
export class AmbiguousVersionError extends VtsError {
  constructor(
    readonly tag: string,
    /** The versions that start with it. */
    readonly versions: readonly string[],
  ) {
    super(
      `The tag "${tag}" matches ${versions.length} versions: ${listed(versions, LISTED)}. ` +
        'Give more characters of the version.',
    );
  }
}

/** The store already has this version. @publicApi */
export class ModelExistsError extends VtsError {
  constructor(
    readonly tag: string,
    readonly home: string,
    doing: 'save' | 'import' = 'save',
  ) {
    const remedy =
      doing === 'save'
        ? 'Delete it first, or save under another version (leave the version out to get a new one).'
        : 'Keep it, or replace it (--force).';
    super(`The model "${tag}" is already in the store at ${home}. ${remedy}`);
  }
}

/** A requested file lies outside the model's folder. @publicApi */
export class ModelPathError extends VtsError {
  constructor(
    readonly file: string,
    readonly tag: string,
  ) {
    super(
      `"${file}" lies outside the folder of the model "${tag}". Give a path relative to that folder, without "..".`,
    );
  }
}

/** This package cannot run models of this framework. @publicApi */
export class NoRunnerError extends VtsError {
  constructor(
    readonly tag: string,
    /** The module in model.yaml. */
    readonly module: string,
  ) {
    const made = module === '' ? 'does not name a framework' : `is of "${module}"`;
    super(
      `The model "${tag}" ${made}, and this package has no runner for it. Save it with a framework of this package, such as fastai.saveModel().`,
    );
  }
}

/** A bundle of the store, or a bento of BentoML, pins the model to delete. @publicApi */
export class PinnedModelError extends VtsError {
  constructor(
    readonly tag: string,
    /** Tags of the bundles. */
    readonly bundles: readonly string[],
  ) {
    super(
      `The model "${tag}" is pinned by ${listed(bundles, LISTED)}. Delete what pins it first, or force the deletion.`,
    );
  }
}

const FULL = {
  ENOSPC: 'Free space on its disk.',
  EDQUOT: 'Raise the disk quota, or free space.',
};
const STORE_REMEDIES: Readonly<Record<string, string>> = {
  ...FULL,
  EROFS: 'Mount it writable, or set home (VTS_HOME) to a writable store.',
  ENOTDIR: 'Set home (VTS_HOME) to a folder.',
  EEXIST: 'Set home (VTS_HOME) to a folder.',
  EXDEV: 'Put the folders "models" and "tmp" of the store on one file system.',
};

/**
 * The store cannot be written: the disk is full, permission is missing, or it is read-only. The
 * store is unchanged.
 *
 * @publicApi
 */
export class StoreWriteError extends VtsError {
  constructor(
    readonly home: string,
    /** The system's error code, such as `ENOSPC`. */
    readonly systemCode: string,
    options?: ErrorOptions,
  ) {
    const remedy =
      STORE_REMEDIES[systemCode] ??
      'Allow this user to write there, or set home (VTS_HOME) to a writable store.';
    super(
      `The store at ${home} could not be written (${systemCode}); it is unchanged. ${remedy}`,
      options,
    );
  }
}

/** The file to import is not an archive of a supported format. @publicApi */
export class ArchiveFormatError extends VtsError {
  constructor(
    readonly path: string,
    fact: string,
  ) {
    super(
      `The file ${path} is not a readable archive${fact && `: ${fact}`}. ` +
        'Give a .bentomodel (tar.xz), .tar.gz, .tar or .zip of a model.',
    );
  }
}

/**
 * An archive holds something that no model needs: a link, a path that leaves the folder, or more
 * than any model has. None of it was kept.
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
      `The archive ${path} is refused because of its entry ${JSON.stringify(entry.slice(0, 100))}: ${reason}. ` +
        'Export the model again, and import only archives that you trust.',
    );
  }
}

/** An archive is damaged, or ends early. @publicApi */
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

/** The archive to write already exists. @publicApi */
export class ArchiveExistsError extends VtsError {
  constructor(readonly path: string) {
    super(`The file ${path} already exists. Give another path, or overwrite it (--force).`);
  }
}

/** The system could not read or write an archive. @publicApi */
export class ArchiveFileError extends VtsError {
  constructor(
    readonly path: string,
    doing: 'read' | 'written',
    /** The system's error code, such as `ENOENT`. */
    readonly systemCode: string,
    options?: ErrorOptions,
  ) {
    const missing = doing === 'read' ? 'Check the path.' : 'Make the folder first.';
    const remedies: Readonly<Record<string, string>> = {
      ...FULL,
      ENOENT: missing,
      ENOTDIR: missing,
      EISDIR: 'Give the path of a file.',
      EROFS: 'Choose a writable place.',
    };
    super(
      `The archive ${path} could not be ${doing} (${systemCode}). ${remedies[systemCode] ?? 'Check the permissions of this user.'}`,
      options,
    );
  }
}
