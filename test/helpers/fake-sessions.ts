import type { Clock } from '../../lib/serving/runner/batching/clock.js';

interface Job {
  readonly item: unknown;
  readonly resolve: (value: unknown) => void;
  readonly reject: (error: Error) => void;
  done: boolean;
}

/**
 * Sessions with a mailbox of one run each, on a clock of the test's; what a run takes and gives is
 * the test's too.
 */
export class FakeSessions {
  /** The items of all runs that began, in their order. */
  readonly began: unknown[] = [];
  /** Runs that were given up. */
  abandoned = 0;
  /** Most runs at one time that were begun or waited in a mailbox. */
  most = 0;
  onFree: () => void = () => undefined;
  readonly #running: Job[] = [];
  readonly #mailbox: Job[] = [];

  constructor(
    private readonly clock: Clock,
    public sessions: number,
    private readonly behaviour: {
      ms(item: unknown): number;
      /** @throws what the run rejects with */
      result(item: unknown): unknown;
    },
  ) {}

  get idle(): number {
    return Math.max(0, this.sessions - this.#running.length);
  }

  get room(): number {
    return Math.max(0, 2 * this.sessions - this.#running.length - this.#mailbox.length);
  }

  readonly execute = (
    item: unknown,
    _own: boolean,
    started: (abandon: (error: Error) => void) => void,
  ): Promise<unknown> =>
    new Promise((resolve, reject) => {
      const job: Job = { item, resolve, reject, done: false };
      started((error) => {
        if (job.done) return;
        this.abandoned++;
        job.done = true;
        const waiting = this.#mailbox.indexOf(job);
        if (waiting >= 0) this.#mailbox.splice(waiting, 1);
        reject(error);
      });
      this.#mailbox.push(job);
      this.#next();
      this.most = Math.max(this.most, this.#running.length + this.#mailbox.length);
    });

  #next(): void {
    while (this.idle > 0) {
      const job = this.#mailbox.shift();
      if (job === undefined) return;
      this.#running.push(job);
      this.began.push(job.item);
      this.clock.setTimeout(() => this.#finish(job), this.behaviour.ms(job.item));
    }
  }

  #finish(job: Job): void {
    this.#running.splice(this.#running.indexOf(job), 1);
    if (!job.done) {
      job.done = true;
      try {
        job.resolve(this.behaviour.result(job.item));
      } catch (error) {
        job.reject(error as Error);
      }
    }
    this.#next();
    this.onFree();
  }
}
