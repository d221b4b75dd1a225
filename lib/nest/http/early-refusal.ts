import type { Admission } from '../../serving/runtime/admission.js';
import { RunnerOverloadedError, TooManyCallsError } from '../../serving/runner/errors.js';
import type { RequestRecord } from './request-record.js';

/** How many requests in a row must first call the same method of the same runner. */
const STREAK = 32;
/** How often that may be wrong. */
const MOST_MISTAKES = 8;
/**
 * One in this many requests proceeds although it will probably be refused, to check the prediction.
 */
const PROBE = 64;

/**
 * Decides for one endpoint whether its requests are refused before they are read, while the runner
 * that they call first is full. Reading requests only to refuse them costs about as much as
 * answering them, so a service under ten times its load would do little else.
 *
 * An endpoint does not declare which runner it calls, so this class observes it. It refuses
 * requests early only after the runner has refused one and the client got that refusal: a handler
 * with a fallback keeps it. If an endpoint has ever answered without a runner, such as from a
 * cache, its requests are never refused early.
 */
export class EarlyRefusal {
  #admission: Admission | undefined;
  #streak = 0;
  /** The client of a refused call got the refusal. */
  #passedOn = false;
  #mistakes = 0;
  #never = false;
  #refusals = 0;

  /** The error that refuses a new request; otherwise reserves a place for it. */
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

  /** The response has been sent. */
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
