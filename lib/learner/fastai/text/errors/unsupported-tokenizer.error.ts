import { VtsError } from '../../../errors/index.js';

/**
 * The learner splits its texts with a tokenizer that is no data in the file.
 *
 * @publicApi
 */
export class UnsupportedTokenizerError extends VtsError {
  constructor(
    readonly tokenizer: string,
    reason = 'whose code is not in the file',
  ) {
    super(
      `The learner splits its texts with "${tokenizer}", ${reason}; give a function that splits as it does with ` +
        'Learner.load(file, { tokenizer: (text) => text.split(/\\s+/) }), or pass lists of tokens to predict().',
    );
  }
}
