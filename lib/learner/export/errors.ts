import { VtsError } from '../errors/index.js';

/** A model cannot be written as a file for other programs. @publicApi */
export class UnexportableModelError extends VtsError {
  constructor(
    readonly reason: string,
    remedy: string,
  ) {
    super(`${reason}. ${remedy}.`);
  }
}

/**
 * A file was written, loaded again, and gave other numbers than the model itself. Nothing is left of
 * it.
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
      `The exported file does not give what the model gives: its output "${output}" ${reason}. ` +
        'Nothing was written. Report this as a bug with the classes of the model (vts inspect shows them).',
    );
  }
}

/** Something is in the place of an export. @publicApi */
export class ExportTargetError extends VtsError {
  constructor(
    readonly path: string,
    fact: string,
    remedy: string,
  ) {
    super(`${path} ${fact}. ${remedy}.`);
  }
}
