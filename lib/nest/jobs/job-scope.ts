import { requestScope, RequestScope } from '../../serving/runtime/request-scope.js';

/** The running job, as its handler sees it. @publicApi */
export interface RunningJob {
  readonly id: string;
  /** The name of the endpoint in the queue. */
  readonly name: string;
  /**
   * Aborted when the job is cancelled, its time limit has passed, or the application shuts down.
   */
  readonly signal: AbortSignal;
  /** Reports the progress, 0 to 1. Frequent reports are stored only now and then. */
  progress(fraction: number): void;
}

/** The run of a job. It ends early, like a request whose client disconnects. */
export class JobScope extends RequestScope implements RunningJob {
  readonly #controller = new AbortController();
  /** The last report, not yet stored. */
  told: { progress?: number; pieces?: number } | undefined;

  constructor(
    readonly id: string,
    readonly name: string,
  ) {
    super();
    // The runners' limits are for requests; a job has its own.
    this.callTimeoutMs = 0;
  }

  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  override progress(fraction: number): void {
    if (typeof fraction !== 'number' || Number.isNaN(fraction)) {
      throw new TypeError(`progress is ${String(fraction)}; use a number from 0 to 1.`);
    }
    this.told = { ...this.told, progress: Math.min(1, Math.max(0, fraction)) };
  }

  override end(reason: Error): void {
    super.end(reason);
    this.#controller.abort(this.reason);
  }
}

/**
 * The job that the calling code runs for, also after an `await`. Undefined if it runs for a
 * request, or for neither.
 *
 * @example
 * for (const [at, page] of pages.entries()) {
 *   currentJob()?.progress(at / pages.length);
 *   currentJob()?.signal.throwIfAborted();
 *   scores.push(await this.runner.predict.run(page));
 * }
 *
 * @publicApi
 */
export function currentJob(): RunningJob | undefined {
  const scope = requestScope.getStore();
  return scope instanceof JobScope ? scope : undefined;
}

/**
 * Reports the progress of the current job, 0 to 1. It does nothing if the code runs for a request.
 *
 * @throws TypeError if it is not a number from 0 to 1.
 * @publicApi
 */
export function jobProgress(fraction: number): void {
  currentJob()?.progress(fraction);
}
