import { VtsError } from '../../../learner/errors/index.js';

/** How many of the store's models the message names. */
const LISTED = 20;

/**
 * The store has no such model or version. The message lists what it has.
 *
 * @publicApi
 */
export class ModelNotFoundError extends VtsError {
  constructor(
    /** The tag that was asked for. */
    readonly tag: string,
    /** The store's home. */
    readonly home: string,
    /** Tags that the store has. */
    readonly available: readonly string[],
  ) {
    super(
      `The model "${tag}" is not in the store at ${home}, ${describe(available)}. ` +
        'Save it there with fastai.saveModel(), or set home (VTS_HOME) to the store that has it.',
    );
  }
}

function describe(available: readonly string[]): string {
  if (available.length === 0) return 'which has no models';
  const listed = available.slice(0, LISTED).join(', ');
  const rest = available.length - LISTED;
  return rest > 0 ? `which has ${listed} and ${rest} more` : `which has ${listed}`;
}
