import { tellObservers } from '../runtime/runner-observer.js';
import { TooManyCallsError } from './errors/index.js';

/**
 * `maxConcurrency` of a runner: the calls of all its methods in hand, those that wait and those that run.
 *
 * @internal
 */
export class CallLimit {
  #inHand = 0;
  #shed = 0;

  constructor(
    private readonly runner: string,
    private readonly most: number,
  ) {}

  /** Calls that were refused. */
  get shed(): number {
    return this.#shed;
  }

  /** Lets a call in; {@link leave} must follow when it has ended. @throws TooManyCallsError */
  enter(method: string): void {
    if (this.#inHand >= this.most) {
      this.#shed++;
      tellObservers('shed', { runner: this.runner, method, reason: 'concurrency' });
      throw new TooManyCallsError(this.runner, method, this.most);
    }
    this.#inHand++;
  }

  leave(): void {
    this.#inHand--;
  }
}
