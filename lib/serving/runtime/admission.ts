/**
 * What decides whether a method of a runner takes a call. It can be asked before there is an item,
 * so that a request which would be refused need not be read.
 */
export interface Admission {
  /**
   * Keeps a place for a call that is to come, like those that wait; returns what gives the place
   * back.
   *
   * @param arrivedAt When the request came, on the clock of `performance.now()`.
   * @throws RunnerOverloadedError or TooManyCallsError where such a call would be refused now.
   */
  hold(arrivedAt: number): () => void;
}
