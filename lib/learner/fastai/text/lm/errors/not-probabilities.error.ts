import { VtsError } from '../../../../errors/index.js';

/**
 * What the learner gives for the next token is no probability (negative or not finite), so nothing
 * can be drawn by it; fastai fails too. Most often its loss function has no activation.
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
