import { VtsError } from '../../../learner/errors/index.js';

/**
 * A model that was to be deleted is pinned by a bundle of the store (or by a bento of BentoML's).
 *
 * @publicApi
 */
export class PinnedModelError extends VtsError {
  constructor(
    readonly tag: string,
    /** Tags of the bundles. */
    readonly bundles: readonly string[],
  ) {
    super(
      `The model "${tag}" is pinned by ${bundles.join(', ')}. Delete what pins it first, or force the deletion.`,
    );
  }
}
