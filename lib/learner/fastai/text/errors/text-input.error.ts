import { InputError } from '../../../errors/index.js';

/**
 * The text is longer than the learner's tokenizer takes (spaCy's `nlp.max_length`, 1,000,000
 * characters).
 *
 * @publicApi
 */
export class TextTooLongError extends InputError {
  constructor(
    readonly length: number,
    readonly maxLength: number,
  ) {
    super(
      `The text has ${length} characters, and the learner's tokenizer takes at most ${maxLength}; split the text.`,
    );
  }
}

/**
 * The text holds half of a surrogate pair, which is no character; spaCy refuses it too.
 *
 * @publicApi
 */
export class UnpairedSurrogateError extends InputError {
  constructor() {
    super(
      'The text holds an unpaired surrogate, so it is no valid Unicode; clean it, with toWellFormed() for one.',
    );
  }
}
