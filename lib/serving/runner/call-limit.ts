import { tellObservers } from '../runtime/runner-observer.js';
import { TooManyCallsError } from './errors/index.js';

/**
 * `maxConcurrency` of a runner: the calls of all its methods in hand, those that wait and those
 * that run.
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

  /** @throws TooManyCallsError where no call can be let in. */
  check(method: string): void {
    if (this.#inHand < this.most) return;
    this.#shed++;
    tellObservers('shed', { runner: this.runner, method, reason: 'concurrency' });
    throw new TooManyCallsError(this.runner, method, this.most);
  }

  /** Lets a call in; {@link leave} must follow when it has ended. @throws TooManyCallsError */
  enter(method: string): void {
    this.check(method);
    this.#inHand++;
  }

  leave(): void {
    this.#inHand--;
  }
}
