import { VtsError } from '../errors/index.js';

/** The model cannot be written as a file for other programs. @publicApi */
export class UnexportableModelError extends VtsError {
  constructor(
    readonly reason: string,
    remedy: string,
  ) {
    super(`${reason}. ${remedy}.`);
  }
}

/**
 * An exported file was loaded again and gave different numbers than the model. The file is removed.
 *
 * @publicApi
 */
export class ExportMismatchError extends VtsError {
  constructor(
    /** The output that differs, by its name in the file. */
    readonly output: string,
    readonly reason: string,
  ) {
    super(
      `The exported file differs from the model: its output "${output}" ${reason}. Nothing ` +
        'was written. Report this as a bug with the classes of the model (vts inspect shows ' +
        'them).',
    );
  }
}

/** The target of an export already exists or cannot be used. @publicApi */
export class ExportTargetError extends VtsError {
  constructor(
    readonly path: string,
    fact: string,
    remedy: string,
  ) {
    super(`${path} ${fact}. ${remedy}.`);
  }
}
