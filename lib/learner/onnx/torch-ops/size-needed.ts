import type { Value } from '../graph.js';

/**
 * Thrown while a graph is built with open sizes, if an operation must know one. Examples: code that
 * branches on a size, and a layer that pools to a fixed size. The caller catches it, and builds a
 * graph for the size of each item. Users never see this error.
 */
export class SizeNeededError extends Error {
  /** The inputs of the graph, from the caller that builds it. */
  inputs: readonly Value[] = [];

  constructor(
    readonly dims: ReadonlySet<string>,
    /** Sizes that the model may be made for, if its modules state them. */
    readonly examples: readonly number[] = [],
  ) {
    super(`The sizes ${[...dims].join(', ')} must be known`);
  }
}
