import type { Value } from '../graph.js';

/**
 * Thrown while a graph is made with free sizes, by what needs to know one: code that branches on it
 * or makes so many layers, a layer that pools to a fixed size. Whoever makes graphs catches it, and
 * makes one for the size of each item. It is no error that users see.
 */
export class SizeNeededError extends Error {
  /** The graph's inputs: whoever builds it says so. */
  inputs: readonly Value[] = [];

  constructor(
    readonly dims: ReadonlySet<string>,
    /** Sizes that the model may be made for, where its modules tell. */
    readonly examples: readonly number[] = [],
  ) {
    super(`The sizes ${[...dims].join(', ')} have to be known`);
  }
}
