import { InputError, quoted, shortened, VtsError } from '../errors/index.js';

/**
 * The file is not a fastai 2 learner but a bare module, an optimizer, weights, or something else.
 *
 * @publicApi
 */
export class NotALearnerError extends VtsError {
  constructor(found: string) {
    super(
      `The file contains ${found}, not a fastai learner; export one with ` +
        "learner.export('export.pkl') and load that file.",
    );
  }
}

/** The file was written by fastai version 1, whose learners have another structure. @publicApi */
export class FastaiVersionError extends VtsError {
  constructor(className: string) {
    super(
      `The file holds "${className}" from fastai version 1, but only fastai 2 or later can be read; export the learner again with fastai 2, or serve the model with a custom runner over its ONNX file.`,
    );
  }
}

/**
 * This package has no counterpart for a transform of the learner's items.
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
      `The learner's loss function is "${className}", and the file does not contain its ` +
        "activation; give its source with Learner.load(file, { code: 'notebook.ipynb' }), or " +
        "name the activation with Learner.load(file, { activation: 'softmax' | 'sigmoid' | " +
        "'none' }).",
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
      "quantize: 'int8' has no effect on this learner: no matrix product and no LSTM in its " +
        'model has weights of 1024 elements or more; omit quantize.',
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
 * The loss has no `decodes`, and the raw outputs are not vocabulary indices (fastai also fails).
 *
 * @publicApi
 */
export class UndecodedTargetError extends VtsError {
  constructor() {
    super(
      "The learner's loss function does not decode its outputs, so the predicted class is " +
        "unknown; name its activation with Learner.load(file, { activation: 'softmax' | " +
        "'sigmoid' }), or list one for each of several results: ['none', 'softmax'].",
    );
  }
}

/** The learner's pipeline does not start from items of this type. @publicApi */
export class UnexpectedItemError extends InputError {
  constructor(given: string, expected: string) {
    super(`The learner expects ${expected}, but received ${given}; pass ${expected}.`);
  }
}

/** A description of an item for {@link UnexpectedItemError}. */
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
 * The text contains half of a surrogate pair, which is not a character; spaCy refuses it too.
 *
 * @publicApi
 */
export class UnpairedSurrogateError extends InputError {
  constructor() {
    super(
      'The text contains an unpaired surrogate, so it is not valid Unicode; clean it, for ' +
        'example with toWellFormed().',
    );
  }
}

/** The file names a function that changes texts but does not define it. @publicApi */
export class UnknownTextRuleError extends VtsError {
  constructor(readonly rule: string) {
    const bareName = rule.slice(rule.lastIndexOf('.') + 1);
    super(
      `The learner's tokenizer changes its texts with the rule "${rule}", but the file does ` +
        'not contain its code; give the same function in TypeScript with Learner.load(file, { ' +
        `rules: { '${bareName}': (text) => text } }).`,
    );
  }
}

/**
 * A part of the learner's text transforms is missing, or does not have the form of fastai or spaCy.
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

/** The file does not contain the tokenizer that splits the learner's texts. @publicApi */
export class UnsupportedTokenizerError extends VtsError {
  constructor(
    readonly tokenizer: string,
    reason = 'whose code the file does not contain',
    remedy = 'give a function that splits texts in the same way with Learner.load(file, { tokenizer: ' +
      '(text) => text.split(/\\s+/) }), or pass lists of tokens to predict()',
  ) {
    super(`The learner splits its texts with "${tokenizer}", ${reason}; ${remedy}.`);
  }
}

/**
 * The SentencePiece model (`spm.model`) of a learner cannot be used: it is another kind of file,
 * damaged, or larger than a vocabulary can be.
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
 * The option `tokenizer` of `Learner.load` has an unsupported type, does not name an existing file,
 * or is not the tokenizer of the learner's training.
 *
 * @publicApi
 */
export class TokenizerOptionError extends VtsError {
  constructor(fact: string, remedy: string) {
    super(`${fact}; ${remedy}.`);
  }
}

/** An option of a continuation is unknown, or has an invalid value. @publicApi */
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
 * No token can be drawn: all have probability 0 after `noUnk` and `minP` (fastai also fails).
 *
 * @publicApi
 */
export class NoTokenLeftError extends InputError {
  constructor() {
    super(
      'The model gives every token except xxunk the probability 0, so no token can be drawn; ' +
        'pass noUnk: false.',
    );
  }
}

/**
 * The marker tokens xxrep and xxwrep repeat the next token or word more often than the limit
 * allows. @publicApi
 */
export class DecodedTextTooLongError extends InputError {
  constructor(readonly maxLength: number) {
    super(
      `The tokens xxrep and xxwrep repeat so often that the text would exceed ${maxLength} ` +
        'characters; remove them from the text, or pass your own decoder.',
    );
  }
}

/**
 * The learner's value for the next token is not a probability (negative or not finite), so no token
 * can be drawn; fastai also fails. The usual reason is a loss function without an activation.
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

/** A row or table lacks a column of the learner's training. @publicApi */
export class MissingColumnError extends InputError {
  constructor(
    readonly columns: readonly string[],
    available: readonly string[],
  ) {
    const what = columns.length === 1 ? 'column' : 'columns';
    const given = available.length === 0 ? 'none' : quoted(available);
    super(
      `The learner needs the ${what} ${quoted(columns)}, but received ${given}; add the ` +
        'missing ones.',
    );
  }
}

/** The learner's preparation of a column does not accept a cell's value. @publicApi */
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

/** The bytes are not an image, or have an unsupported format. @publicApi */
export class UnsupportedImageError extends InputError {
  constructor(
    /** A description of the bytes, such as "a PSD file". */
    readonly found: string,
  ) {
    super(
      `The image is ${found}, which is not supported; send it as JPEG, PNG, WebP, ` +
        'GIF, BMP, TIFF or PPM.',
    );
  }
}

/** The image is truncated, or its contents contradict its format. @publicApi */
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

/** The header declares more pixels than the limit: perhaps a decompression bomb. @publicApi */
export class ImageTooLargeError extends InputError {
  constructor(
    readonly width: number,
    readonly height: number,
    readonly maxPixels: number,
  ) {
    super(
      `The image has ${width} x ${height} pixels, but the limit is ${maxPixels}; send a ` +
        'smaller image or raise the limit (maxPixels).',
    );
  }
}

/** A transform leaves an image without width or height. @publicApi */
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

/** The file of an image cannot be read. @publicApi */
export class UnreadableImageFileError extends InputError {
  constructor(path: string, cause: unknown) {
    super(
      `The image at "${shortened(path)}" cannot be read (${detailOf(cause)}); pass the path of an existing file.`,
      { cause },
    );
  }
}

/** The path or URL of an item cannot be read. @publicApi */
export class UnreadableItemError extends InputError {
  constructor(place: string, cause: unknown) {
    super(
      `The item at "${shortened(place)}" cannot be read (${detailOf(cause)}); pass the path of an existing file, or bytes.`,
      { cause },
    );
  }
}

/** An item has more bytes than the limit. @publicApi */
export class ItemTooLargeError extends InputError {
  constructor(
    /** The limit on the bytes of an item. */
    readonly limit: number,
  ) {
    super(`The item has more than ${limit} bytes, the limit for one item; pass a smaller item.`);
  }
}

/** A system error's message ends with the whole path. */
function detailOf(cause: unknown): string {
  if (!(cause instanceof Error)) return shortened(String(cause));
  const { code } = cause as NodeJS.ErrnoException;
  return shortened(code === undefined ? cause.message : cause.message.replace(/, \w+ '[^]*$/, ''));
}

/** This learner's answers cannot be explained, or not in this way. @publicApi */
export class NotExplainableError extends InputError {
  constructor(fact: string, remedy: string) {
    super(`${fact}; ${remedy}.`);
  }
}

/**
 * The explanation was requested for a class or output that the learner does not have. @publicApi
 */
export class ExplainTargetError extends InputError {
  constructor(
    readonly target: string | number,
    /** How many outputs the learner has. */
    readonly outputs: number,
    names: readonly string[] = [],
  ) {
    const known = names.length > 0 ? `: ${quoted(names)}` : '';
    super(
      'The learner has no output ' +
        `${typeof target === 'string' ? `"${shortened(target)}"` : target} to explain; pass an ` +
        `index from 0 to ${outputs - 1}, or a known name${known}.`,
    );
  }
}

/** The random transforms of this learner's training are not supported. @publicApi */
export class NotAugmentableError extends InputError {
  constructor(fact: string, remedy: string) {
    super(`${fact}; ${remedy}.`);
  }
}

/** An option of `tta` has an invalid value. @publicApi */
export class InvalidTtaOptionError extends InputError {
  constructor(
    readonly option: string,
    expected: string,
  ) {
    super(`The option "${option}" of tta has an invalid value; give ${expected}.`);
  }
}

/**
 * A learner of arrays does not take this array: its form, its shape or an element is wrong.
 * @publicApi
 */
export class ArrayItemError extends InputError {
  constructor(fact: string, remedy: string) {
    super(`The array ${fact}; ${remedy}.`);
  }
}
