import { InputError, VtsError } from '../../errors/index.js';

/**
 * The file is no fastai 2 learner: a bare module, an optimizer, weights, or something else.
 *
 * @publicApi
 */
export class NotALearnerError extends VtsError {
  constructor(found: string) {
    super(
      `The file holds ${found}, not a fastai learner; export one with learner.export('export.pkl') and load that file.`,
    );
  }
}

/** The file was written by fastai version 1, whose learners have another structure. @publicApi */
export class FastaiVersionError extends VtsError {
  constructor(className: string) {
    super(
      `The file holds "${className}" of fastai version 1, and only fastai 2 or later can be read; export the learner again with fastai 2, or serve the model with a custom runner over its ONNX file.`,
    );
  }
}

/**
 * The learner's items go through transforms that this package has no counterpart for.
 *
 * @publicApi
 */
export class UnsupportedLearnerError extends VtsError {
  constructor(fact: string, remedy: string) {
    super(`${fact}; ${remedy}.`);
  }
}

/**
 * The loss function is a class that fastai does not ship, so its activation is unknown.
 *
 * @publicApi
 */
export class UnknownLossError extends VtsError {
  constructor(className: string) {
    super(
      `The learner's loss function is "${className}", whose activation is not in the file; name it with Learner.load(file, { activation: 'softmax' | 'sigmoid' | 'none' }).`,
    );
  }
}

/** A target transform that the file does not define. @publicApi */
export class UnsupportedTargetError extends VtsError {
  constructor(className: string) {
    super(
      `The learner decodes its target with "${className}", which is no transform of fastai; export the learner with a fastai block for the target (CategoryBlock, MultiCategoryBlock, RegressionBlock).`,
    );
  }
}

/**
 * The loss function has no `decodes`, and the raw outputs are no indices of the vocabulary (fastai
 * fails too).
 *
 * @publicApi
 */
export class UndecodedTargetError extends VtsError {
  constructor() {
    super(
      "The learner's loss function does not decode its outputs, so there is no class to name; say what they are with Learner.load(file, { activation: 'softmax' | 'sigmoid' }).",
    );
  }
}

/** The item is of a type that the learner's pipeline does not start from. @publicApi */
export class UnexpectedItemError extends InputError {
  constructor(given: string, expected: string) {
    super(`The learner expects ${expected}, but was given ${given}; pass ${expected}.`);
  }
}

/** The learner was used after `release()`. @publicApi */
export class LearnerReleasedError extends VtsError {
  constructor() {
    super('The learner has been released; load it again with Learner.load().');
  }
}

/** A method that only some kinds of learner have was called on another kind. @publicApi */
export class WrongLearnerKindError extends VtsError {
  constructor(method: string, needs: string, kind: string) {
    super(
      `${method}() needs a ${needs} learner, and this one is of kind "${kind}"; use predict() or getPreds().`,
    );
  }
}
