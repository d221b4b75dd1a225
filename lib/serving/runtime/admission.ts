/**
 * Decides whether a method of a runner accepts a call. It can decide before the item exists, so a
 * request that would be refused need not be read.
 */
export interface Admission {
  /**
   * Reserves a place for a later call, as for waiting calls; returns a function that releases it.
   *
   * @param arrivedAt When the request arrived, on the clock of `performance.now()`.
   * @throws RunnerOverloadedError or TooManyCallsError if such a call would be refused now.
   */
  hold(arrivedAt: number): () => void;
}
