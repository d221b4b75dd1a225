import type { Admission } from '../../serving/runtime/admission.js';
import { RunnerOverloadedError, TooManyCallsError } from '../../serving/runner/errors.js';
import type { RequestRecord } from './request-record.js';

/** Requests in a row that must have called the same method of the same runner first. */
const STREAK = 32;
/** How often that may turn out to be wrong. */
const MOST_MISTAKES = 8;
/**
 * One in so many requests goes on although it is likely to be refused, and shows whether that is
 * so.
 */
const PROBE = 64;

/**
 * Of one endpoint: whether its requests are refused before they are read, while the runner that
 * they call first takes no more. To read them, only to refuse them, costs about as much as to
 * answer them, so that a service under ten times its load would do little else.
 *
 * That an endpoint calls a runner is nothing that it declares; it is learned from what it does. Its
 * requests are refused early only after the runner has refused one and the client was told so: a
 * handler that has a way out keeps it. Of an endpoint that has ever answered without a runner, such
 * as from a cache, none is.
 */
export class EarlyRefusal {
  #admission: Admission | undefined;
  #streak = 0;
  /** The client of a refused call was refused. */
  #passedOn = false;
  #mistakes = 0;
  #never = false;
  #refusals = 0;

  /** What a request that has just come is refused with; else a place is kept for it. */
  refusal(record: RequestRecord): Error | undefined {
    if (this.#never || !this.#learned || this.#admission === undefined) return undefined;
    try {
      record.release = this.#admission.hold(record.arrivedAt);
      return undefined;
    } catch (error) {
      this.#refusals++;
      return this.#refusals % PROBE === 0 ? undefined : (error as Error);
    }
  }

  /** The response is out. */
  ended({ scope, status, failure }: RequestRecord): void {
    if (this.#never) return;
    const wasRefused = refused(scope?.failure);
    if (status < 400) {
      if (wasRefused) this.#never = true;
      else this.#answered(scope?.admission);
    } else if (wasRefused && scope?.admission === this.#admission) {
      this.#passedOn ||= failure === scope?.failure;
    }
  }

  get #learned(): boolean {
    return this.#passedOn && this.#streak >= STREAK;
  }

  #answered(admission: Admission | undefined): void {
    if (admission === undefined) this.#never = true;
    if (admission === this.#admission) {
      this.#streak++;
      return;
    }
    if (this.#learned) this.#never ||= ++this.#mistakes >= MOST_MISTAKES;
    // With `watch`, a new version has another runner.
    this.#admission = admission;
    this.#streak = 1;
    this.#passedOn = false;
  }
}

function refused(failure: unknown): boolean {
  return failure instanceof RunnerOverloadedError || failure instanceof TooManyCallsError;
}
