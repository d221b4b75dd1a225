import { VtsError } from '../../../errors/index.js';

/**
 * A part of the learner's text transforms is missing in the file or has another form than fastai or
 * spaCy give it.
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
