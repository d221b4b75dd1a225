import { deadline, type Deadline } from '../../../serving/runtime/deadlines.js';
import { RequestScope } from '../../../serving/runtime/request-scope.js';
import { RequestTimeoutError } from '../../http/errors.js';

/** The longest delay of a Node timer. */
const LONGEST_MS = 2 ** 31 - 1;

/** The scope of work for a client, until its deadline passes. */
export class LimitedScope extends RequestScope {
  #limit: Deadline | undefined;
  #timer: NodeJS.Timeout | undefined;
  #reject: ((error: unknown) => void) | undefined;

  /** Ends it after that time; 0 means never. */
  limit(timeoutMs: number): void {
    if (timeoutMs <= 0) return;
    this.isOver(this.arrivedAt + timeoutMs);
    const giveUp = (): void => this.end(new RequestTimeoutError(timeoutMs));
    this.#limit = deadline(timeoutMs, giveUp, this.arrivedAt);
  }

  /**
   * A limit that a client has chosen. It has its own timer, because clients can choose any number
   * of different times.
   */
  limitOfClient(timeoutMs: number): void {
    this.isOver(this.arrivedAt + timeoutMs);
    const left = Math.max(0, timeoutMs - (performance.now() - this.arrivedAt));
    if (left > LONGEST_MS) return;
    this.#timer = setTimeout(() => this.end(new RequestTimeoutError(timeoutMs)), left);
  }

  /** Sets its deadline to that time or earlier. The calls that it makes see the deadline. */
  isOver(at: number): void {
    this.deadlineAt = Math.min(this.deadlineAt ?? Infinity, at);
  }

  stopLimit(): void {
    this.#limit?.cancel();
    this.#limit = undefined;
    clearTimeout(this.#timer);
  }

  override end(reason: Error): void {
    super.end(reason);
    this.#reject?.(reason);
  }

  /** A promise of the result of `work`, which rejects if the scope ends first. */
  until<T>(work: () => T | Promise<T>): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      this.#reject = reject;
      if (this.reason !== undefined) return reject(this.reason);
      try {
        const result = work();
        if (result instanceof Promise) result.then(resolve, reject);
        else resolve(result);
      } catch (error) {
        reject(error as Error);
      }
    });
  }
}
