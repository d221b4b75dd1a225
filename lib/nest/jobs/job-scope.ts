import { requestScope, RequestScope } from '../../serving/runtime/request-scope.js';

/** A job that runs, as its handler sees it. @publicApi */
export interface RunningJob {
  readonly id: string;
  /** Of the endpoint, as in the queue. */
  readonly name: string;
  /** Aborted when the job is cancelled, its time is over, or the application shuts down. */
  readonly signal: AbortSignal;
  /** Tells how far it is, 0 to 1; what is told often is kept now and then. */
  progress(fraction: number): void;
}

/** The run of a job: it ends early as a request does whose client leaves. */
export class JobScope extends RequestScope implements RunningJob {
  readonly #controller = new AbortController();
  /** What was told last, and not kept yet. */
  told: { progress?: number; pieces?: number } | undefined;

  constructor(
    readonly id: string,
    readonly name: string,
  ) {
    super();
    // Limits of requests are those of the runners; a job has its own.
    this.callTimeoutMs = 0;
  }

  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  override progress(fraction: number): void {
    if (typeof fraction !== 'number' || Number.isNaN(fraction)) {
      throw new TypeError(`progress is ${String(fraction)}; tell a number from 0 to 1.`);
    }
    this.told = { ...this.told, progress: Math.min(1, Math.max(0, fraction)) };
  }

  override end(reason: Error): void {
    super.end(reason);
    this.#controller.abort(this.reason);
  }
}

/**
 * The job for which the code runs, through awaits; undefined where it runs for a request, or for
 * nobody.
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
 * Tells how far the job is for which the code runs, 0 to 1; nothing happens where it runs for a
 * request.
 *
 * @throws TypeError for what is not a number.
 * @publicApi
 */
export function jobProgress(fraction: number): void {
  currentJob()?.progress(fraction);
}
