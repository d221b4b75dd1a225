import { InputError, quoted, shortened, VtsError } from '../errors/index.js';

/**
 * The file is not a fastai 2 learner but a bare module, an optimizer, weights, or something else.
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

/** fastai does not ship the class of the loss function, so its activation is unknown. @publicApi */
export class UnknownLossError extends VtsError {
  constructor(className: string) {
    super(
      `The learner's loss function is "${className}", whose activation is not in the file; give its source with Learner.load(file, { code: 'notebook.ipynb' }), or name the activation with Learner.load(file, { activation: 'softmax' | 'sigmoid' | 'none' }).`,
    );
  }
}

/**
 * `quantize: 'int8'` finds no weights of a matrix product or an LSTM, of 1024 elements or more.
 *
 * @publicApi
 */
export class NothingToQuantizeError extends VtsError {
  constructor() {
    super(
      `quantize: 'int8' changes nothing in this learner: no matrix product and no LSTM in its model has weights of 1024 elements or more; omit quantize.`,
    );
  }
}

/** The file does not define a transform of the target. @publicApi */
export class UnsupportedTargetError extends VtsError {
  constructor(className: string) {
    super(
      `The learner decodes its target with "${className}", which is not a transform of fastai; export the learner with a fastai block for the target (CategoryBlock, MultiCategoryBlock, RegressionBlock).`,
    );
  }
}

/**
 * The loss has no `decodes`, and the raw outputs are not vocabulary indices (fastai fails too).
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

/** An item for {@link UnexpectedItemError}. */
export function describeItem(item: unknown): string {
  if (item === null) return 'null';
  return Array.isArray(item) ? 'an array' : `a value of type ${typeof item}`;
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
      `${method}() needs a ${needs} learner, but this one is of kind "${kind}"; use predict() or getPreds().`,
    );
  }
}

/**
 * The text is longer than the tokenizer takes (spaCy's `nlp.max_length`, 1,000,000 characters).
 *
 * @publicApi
 */
export class TextTooLongError extends InputError {
  constructor(
    readonly length: number,
    readonly maxLength: number,
  ) {
    super(
      `The text has ${length} characters, but the learner's tokenizer takes at most ${maxLength}; split the text.`,
    );
  }
}

/**
 * The text holds half of a surrogate pair, which is not a character; spaCy refuses it too.
 *
 * @publicApi
 */
export class UnpairedSurrogateError extends InputError {
  constructor() {
    super(
      'The text holds an unpaired surrogate, so it is not valid Unicode; clean it, for example with toWellFormed().',
    );
  }
}

/** The file names a function that changes texts, but does not define it. @publicApi */
export class UnknownTextRuleError extends VtsError {
  constructor(readonly rule: string) {
    const bareName = rule.slice(rule.lastIndexOf('.') + 1);
    super(
      `The learner's tokenizer changes its texts with the rule "${rule}", whose code is not in the file; ` +
        `give the same function in TypeScript with Learner.load(file, { rules: { '${bareName}': (text) => text } }).`,
    );
  }
}

/**
 * A part of the learner's text transforms is missing, or is not in the form of fastai or spaCy.
 *
 * @publicApi
 */
export class UnreadableTokenizerError extends VtsError {
  constructor(
    readonly part: string,
    readonly found: string,
  ) {
    super(
      `The learner's ${part} is ${found}, which is not what fastai exports; export the learner again from the ` +
        'session that trained it.',
    );
  }
}

/** The file does not hold the tokenizer that the learner splits its texts with. @publicApi */
export class UnsupportedTokenizerError extends VtsError {
  constructor(
    readonly tokenizer: string,
    reason = 'whose code is not in the file',
    remedy = 'give a function that splits as it does with ' +
      'Learner.load(file, { tokenizer: (text) => text.split(/\\s+/) }), or pass lists of tokens to predict()',
  ) {
    super(`The learner splits its texts with "${tokenizer}", ${reason}; ${remedy}.`);
  }
}

/**
 * The SentencePiece model (`spm.model`) that a learner splits its texts with cannot be used: it is
 * another file, damaged, or larger than a vocabulary can be.
 *
 * @publicApi
 */
export class SentencePieceModelError extends VtsError {
  constructor(fact: string) {
    super(
      `The SentencePiece model ${fact}; give the .model file that SentencePieceTrainer wrote with ` +
        "Learner.load(file, { tokenizer: 'spm.model' }).",
    );
  }
}

/**
 * The option `tokenizer` of `Learner.load` is of a type that is not taken, names no file, or is not
 * the tokenizer that the learner was trained with.
 *
 * @publicApi
 */
export class TokenizerOptionError extends VtsError {
  constructor(fact: string, remedy: string) {
    super(`${fact}; ${remedy}.`);
  }
}

/** An option of a continuation is unknown, or has a value that cannot be used. @publicApi */
export class InvalidGenerateOptionError extends InputError {
  constructor(
    readonly option: string,
    fact: string,
    remedy: string,
  ) {
    super(`${option} ${fact}; ${remedy}.`);
  }
}

/**
 * No token can be drawn: all have probability 0 after `noUnk` and `minP` (fastai fails too).
 *
 * @publicApi
 */
export class NoTokenLeftError extends InputError {
  constructor() {
    super(
      'The model gives no probability to any token but xxunk, so none can be drawn; pass noUnk: false.',
    );
  }
}

/** The marker tokens xxrep and xxwrep repeat what follows them beyond all bounds. @publicApi */
export class DecodedTextTooLongError extends InputError {
  constructor(readonly maxLength: number) {
    super(
      `The repetitions that the tokens xxrep and xxwrep ask for make the text longer than ${maxLength} characters; ` +
        'take them out of the text, or pass a decoder of your own.',
    );
  }
}

/**
 * What the learner gives for the next token is not a probability (negative or not finite), so no
 * token can be drawn; fastai fails too. Most often its loss function has no activation.
 *
 * @publicApi
 */
export class NotProbabilitiesError extends VtsError {
  constructor(found: number) {
    super(
      `The learner gives ${found} as the probability of a token; if its loss function has no activation, name one ` +
        "with Learner.load(file, { activation: 'softmax' }).",
    );
  }
}

/** A row or table lacks a column that the learner was trained on. @publicApi */
export class MissingColumnError extends InputError {
  constructor(
    readonly columns: readonly string[],
    available: readonly string[],
  ) {
    const what = columns.length === 1 ? 'column' : 'columns';
    const given = available.length === 0 ? 'none' : quoted(available);
    super(
      `The learner needs the ${what} ${quoted(columns)}, and was given ${given}; add what is missing.`,
    );
  }
}

/** A cell holds what the learner's preparation of its column does not take. @publicApi */
export class CellError extends InputError {
  constructor(
    readonly column: string,
    /** Position in the table, from 0. */
    readonly row: number,
    fact: string,
    remedy: string,
  ) {
    super(`The column "${column}" at row ${row} (counted from 0) ${fact}; ${remedy}.`);
  }
}

/** The bytes are not an image, or one of a format that is not read. @publicApi */
export class UnsupportedImageError extends InputError {
  constructor(
    /** What was found, e.g. "a PSD file". */
    readonly found: string,
  ) {
    super(
      `The image is ${found}, which is not read here; send it as JPEG, PNG, WebP, GIF, BMP or TIFF.`,
    );
  }
}

/** The image is cut off or its contents contradict its format. @publicApi */
export class DamagedImageError extends InputError {
  constructor(
    readonly format: string,
    readonly reason: string,
    options?: ErrorOptions,
  ) {
    super(
      `The ${format} image cannot be decoded: ${reason}; save it again and send the new file.`,
      options,
    );
  }
}

/** The header declares more pixels than are decoded: a decompression bomb, perhaps. @publicApi */
export class ImageTooLargeError extends InputError {
  constructor(
    readonly width: number,
    readonly height: number,
    readonly maxPixels: number,
  ) {
    super(
      `The image has ${width} x ${height} pixels, but at most ${maxPixels} are decoded; send a smaller one or raise the limit (maxPixels).`,
    );
  }
}

/** A transform leaves nothing of an image: it has no width or no height. @publicApi */
export class EmptyImageError extends InputError {
  constructor(
    readonly width: number,
    readonly height: number,
  ) {
    super(
      `An image of ${width} x ${height} pixels is too narrow for the learner's transforms; send one with more pixels on its shorter side.`,
    );
  }
}

/** The path of an image cannot be read. @publicApi */
export class UnreadableImageFileError extends InputError {
  constructor(path: string, cause: unknown) {
    super(
      `The image at "${shortened(path)}" cannot be read (${detailOf(cause)}); pass the path of an existing file.`,
      { cause },
    );
  }
}

/** The path or URL of an item leads to nothing that can be read. @publicApi */
export class UnreadableItemError extends InputError {
  constructor(place: string, cause: unknown) {
    super(
      `The item at "${shortened(place)}" cannot be read (${detailOf(cause)}); pass the path of an existing file, or bytes.`,
      { cause },
    );
  }
}

/** An item has more bytes than are read of one. @publicApi */
export class ItemTooLargeError extends InputError {
  constructor(
    /** Most bytes of an item. */
    readonly limit: number,
  ) {
    super(
      `The item has more than ${limit} bytes, the most that is read of one; pass a smaller one.`,
    );
  }
}

/** A system error's message ends with the whole path. */
function detailOf(cause: unknown): string {
  if (!(cause instanceof Error)) return shortened(String(cause));
  const { code } = cause as NodeJS.ErrnoException;
  return shortened(code === undefined ? cause.message : cause.message.replace(/, \w+ '[^]*$/, ''));
}

/** Answers of this learner cannot be explained, or not in this way. @publicApi */
export class NotExplainableError extends InputError {
  constructor(fact: string, remedy: string) {
    super(`${fact}; ${remedy}.`);
  }
}

/** An explanation was asked for a class or output that the learner does not have. @publicApi */
export class ExplainTargetError extends InputError {
  constructor(
    readonly target: string | number,
    /** How many outputs the learner has. */
    readonly outputs: number,
    names: readonly string[] = [],
  ) {
    const known = names.length > 0 ? `: ${quoted(names)}` : '';
    super(
      `The learner has no output ${typeof target === 'string' ? `"${shortened(target)}"` : target} to explain; pass an index from 0 to ${outputs - 1}, or a name that it knows${known}.`,
    );
  }
}

/** The transforms of this learner's training cannot be repeated here. @publicApi */
export class NotAugmentableError extends InputError {
  constructor(fact: string, remedy: string) {
    super(`${fact}; ${remedy}.`);
  }
}

/** An option of `tta` has a value that cannot be used. @publicApi */
export class InvalidTtaOptionError extends InputError {
  constructor(
    readonly option: string,
    expected: string,
  ) {
    super(`The option "${option}" of tta has another value; give ${expected}.`);
  }
}

/** An array that a learner of arrays does not take: its form, its shape or an element. @publicApi */
export class ArrayItemError extends InputError {
  constructor(fact: string, remedy: string) {
    super(`The array ${fact}; ${remedy}.`);
  }
}
