/**
 * What decides whether a method of a runner takes a call. It can be asked before there is an item,
 * so that a request which would be refused need not be read.
 */
export interface Admission {
  /**
   * Reserves a place for a later call, as for waiting calls; returns a function that releases it.
   *
   * @param arrivedAt When the request came, on the clock of `performance.now()`.
   * @throws RunnerOverloadedError or TooManyCallsError where such a call would be refused now.
   */
  hold(arrivedAt: number): () => void;
}
