import type { Value } from '../graph.js';

/**
 * Thrown while a graph is made with free sizes, if an operation must know one: code that branches
 * on it or makes that many layers, a layer that pools to a fixed size. The maker of graphs catches
 * it, and makes one for the size of each item. Users never see this error.
 */
export class SizeNeededError extends Error {
  /** The graph's inputs: whoever builds it says so. */
  inputs: readonly Value[] = [];

  constructor(
    readonly dims: ReadonlySet<string>,
    /** Sizes that the model may be made for, where its modules tell. */
    readonly examples: readonly number[] = [],
  ) {
    super(`The sizes ${[...dims].join(', ')} must be known`);
  }
}
