import { InputError } from '../../../../errors/index.js';

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
 * Every token has probability 0 once `noUnk` and `minP` are applied, so none can be drawn (fastai
 * fails too).
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

/**
 * The marker tokens xxrep and xxwrep repeat what follows them beyond all bounds.
 *
 * @publicApi
 */
export class DecodedTextTooLongError extends InputError {
  constructor(readonly maxLength: number) {
    super(
      `The repetitions that the tokens xxrep and xxwrep ask for make the text longer than ${maxLength} characters; ` +
        'take them out of the text, or pass a decoder of your own.',
    );
  }
}
