import { VtsError } from '../errors/index.js';

/** Names of a notebook, which files of fastai 2.0 to 2.7 hold without their code. */
const NOTEBOOK = '__main__.';
const GIVE_CODE =
  "The file only names it. Give its source with Learner.load(file, { code: 'notebook.ipynb' }).";

/** What to do about code that cannot be traced. */
const REMEDY =
  'Use only what docs/notebook-code.md lists or, for a model, export it in Python with ' +
  "torch.onnx.export and load the learner with Learner.load(pkl, { onnx: 'model.onnx' }).";

/**
 * Code of the file uses a name or an operation that is not supported.
 *
 * @publicApi
 */
export class UnsupportedCodeError extends VtsError {
  constructor(
    /** Function and line: `forward of __main__.Net, line 14`. */
    readonly where: string,
    /** `torch.fft.rfft is not supported`. */
    readonly fact: string,
    options?: ErrorOptions,
  ) {
    super(`${where}: ${fact}. ${fact.startsWith(NOTEBOOK) ? GIVE_CODE : REMEDY}`, options);
  }
}

/**
 * Code of the file raised a Python exception and did not catch it.
 *
 * @publicApi
 */
export class RaisedInCodeError extends VtsError {
  constructor(
    readonly where: string,
    /** `ValueError`. */
    readonly exception: string,
    readonly detail: string,
  ) {
    super(
      `${where}: ${exception}${detail === '' ? '' : `: ${detail}`}. The learner's own code ` +
        'raised it; check that the item has the kind that the learner was trained with.',
    );
  }
}

/**
 * Code of the file exceeds its limit of steps, memory or nested calls.
 *
 * @publicApi
 */
export class CodeBudgetError extends VtsError {
  constructor(
    /** Which limit. */
    readonly limit: 'steps' | 'depth' | 'memory' | 'matching',
    readonly value: number,
  ) {
    super(
      `The learner's own code exceeds the limit "${limit}" of ` +
        `${value}${limit === 'matching' ? ' ms' : ''}. It may never end: check its loops and ` +
        'regular expressions, or apply it to the items before predict().',
    );
  }
}

/**
 * Code of the file cannot be read: its bytecode is damaged or comes from an unknown version of
 * Python, or its source is invalid.
 *
 * @publicApi
 */
export class UnreadableCodeError extends VtsError {
  constructor(
    /** The code: a function, or a file. */
    readonly what: string,
    readonly reason: string,
    remedy = "Give its source with Learner.load(file, { code: 'model.py' })",
  ) {
    super(`The code of ${what} cannot be read: ${reason}. ${remedy}.`);
  }
}

/**
 * The learner needs a definition from a file that was not given.
 *
 * @publicApi
 */
export class CodeNotFoundError extends VtsError {
  constructor(
    /** What is needed: `model.Net`. */
    readonly needed: string,
    /** The missing file: `model.py`. */
    readonly file: string,
    /** The files that were given. */
    readonly given: readonly string[],
  ) {
    super(
      `The learner needs ${needed}, but the given code ` +
        `(${given.length === 0 ? 'none' : given.slice(0, 10).join(', ')}) has no file ${file}. ` +
        `Add it: Learner.load(file, { code: ['${file}'] }).`,
    );
  }
}

/**
 * A file of code cannot be used: it is missing, is not Python, or is too large.
 *
 * @publicApi
 */
export class CodeFileError extends VtsError {
  constructor(
    readonly file: string,
    /** A sentence, with its full stop. */
    readonly reason: string,
  ) {
    super(`Code from ${file} cannot be used. ${reason}`);
  }
}
