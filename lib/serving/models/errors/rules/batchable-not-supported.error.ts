import { VtsError } from '../../../../learner/errors/index.js';

/**
 * A signature says `batchable: true`, and the framework's models take one item at a time.
 *
 * @publicApi
 */
export class BatchableNotSupportedError extends VtsError {
  constructor(
    readonly tag: string,
    /** The methods that were to be batched. */
    readonly methods: readonly string[],
  ) {
    const names = methods.map((method) => `"${method}"`).join(', ');
    super(
      `The model "${tag}" has batchable: true for ${names}, but fastai learners are never batched. ` +
        'Set batchable: false, or save learner.model through the PyTorch layer: pytorch.saveModel(name, learner.model, ' +
        '{ signatures: { __call__: { batchable: true } } }).',
    );
  }
}
