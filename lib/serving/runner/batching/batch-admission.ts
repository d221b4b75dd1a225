import { withoutStack } from '../../../learner/errors/index.js';
import { tellObservers, type ShedEvent } from '../../runtime/runner-observer.js';
import { RunnerOverloadedError } from '../errors.js';
import type { ResolvedBatching } from './batching-options.js';
import type { Clock } from './clock.js';
import { queueMs, type Load } from './forecast.js';

/** The weight of the latest call in the expected width of later calls. */
const NEWEST = 1 / 8;

/** A place expires if its holder has not called by then, so that it does not keep others out. */
const HELD_MS = 100;

export interface BatchAdmissionOptions {
  readonly runner: string;
  readonly method: string;
  readonly batching: Pick<ResolvedBatching, 'maxLatencyMs' | 'maxQueueSize'>;
  readonly load: Load;
  readonly clock: Clock;
}

/** Admits calls while there is room for them, and if they should be answered in time. */
export class BatchAdmission {
  /** Places reserved for calls to come. */
  #held = 0;
  shed = 0;
  /** The mean width of recent rows; undefined before the first. */
  #width: number | undefined;

  constructor(private readonly options: BatchAdmissionOptions) {}

  /** True if the call runs even if it may be late. @throws RunnerOverloadedError */
  admit(rows: number, width: number, deadline: number, now: number): boolean {
    const certain = this.#atOnce;
    if (!certain) this.#foresee(rows, width, deadline, now);
    // Only admitted calls count: a refused call that is too wide must not represent the others.
    this.#width = this.#width === undefined ? width : this.#width + (width - this.#width) * NEWEST;
    return certain;
  }

  /**
   * @throws RunnerOverloadedError if a call of one row, as wide as recent ones, would be refused
   * now.
   */
  check(arrivedAt: number): void {
    if (this.#held === 0 && this.#atOnce) return;
    const { batching, clock } = this.options;
    this.#foresee(1 + this.#held, this.#width ?? 1, arrivedAt + batching.maxLatencyMs, clock.now());
  }

  /**
   * Checks like {@link check}, and reserves a place for a moment; returns a function that releases
   * it.
   */
  hold(arrivedAt: number): () => void {
    this.check(arrivedAt);
    const { clock } = this.options;
    this.#held++;
    let kept = true;
    const release = (): void => {
      if (kept) this.#held--;
      kept = false;
      clock.clearTimeout(timer);
    };
    const timer = clock.setTimeout(release, HELD_MS);
    return release;
  }

  refusal(reason: ShedEvent['reason'], fact: string, ms = 0): RunnerOverloadedError {
    const { runner, method } = this.options;
    this.shed++;
    tellObservers('shed', { runner, method, reason });
    const seconds = Math.max(1, Math.ceil(ms / 1000));
    return withoutStack(() => new RunnerOverloadedError(runner, method, fact, seconds));
  }

  /** Measurements may be out of date, so an idle runner tries. */
  get #atOnce(): boolean {
    const { queue, target } = this.options.load;
    return queue.empty && target.idle > 0;
  }

  /** @throws RunnerOverloadedError if more rows now would be too many, or too late. */
  #foresee(rows: number, width: number, deadline: number, now: number): void {
    const { load, batching } = this.options;
    const { maxQueueSize, maxLatencyMs } = batching;
    const ms = queueMs(load, now, rows, width);
    if (!load.queue.empty && load.queue.rows + rows > maxQueueSize) {
      throw this.refusal('queue', `${load.queue.rows} rows wait`, ms);
    }
    if (ms !== undefined && now + ms > deadline) {
      const fact = `its answer would take about ${Math.round(ms)} ms, and maxLatencyMs is ${maxLatencyMs}`;
      throw this.refusal('latency', fact, ms);
    }
  }
}
