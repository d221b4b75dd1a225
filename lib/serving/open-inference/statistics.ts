import { DURATIONS, type Duration, type ModelStatistics } from '../../client/contract.js';
import { observeRunners } from '../runtime/runner-observer.js';

type Counted = keyof ModelStatistics['inferenceStats'];

class Sum {
  #count = 0;
  #ms = 0;

  add(ms: number): void {
    this.#count++;
    this.#ms += Math.max(0, ms);
  }

  get duration(): Duration {
    return { count: BigInt(this.#count), ns: BigInt(Math.round(this.#ms * 1e6)) };
  }
}

/** The counts of a model: requests of the protocol, and calls of its runner. */
export class ModelCounts {
  readonly #sums = new Map<Counted, Sum>(DURATIONS.map((what) => [what, new Sum()]));
  rows = 0n;
  alone = 0n;
  batches = 0n;
  lastInference = 0n;

  add(what: Counted, ms: number): void {
    this.#sums.get(what)?.add(ms);
  }

  of(name: string, version: string): ModelStatistics {
    const sums = [...this.#sums].map(([what, sum]) => [what, sum.duration] as const);
    return {
      name,
      version,
      lastInference: this.lastInference,
      inferenceCount: this.rows,
      executionCount: this.alone + this.batches,
      inferenceStats: Object.fromEntries(sums) as ModelStatistics['inferenceStats'],
    };
  }
}

/**
 * The limit on counted runners: names come from the application, but new versions keep arriving.
 */
const MOST = 1000;

/**
 * The counts of models. `success`, `fail`, `compute_input`, `compute_output` and rows count
 * requests of the protocol. `queue`, `compute_infer` and runs count the runners' calls, whoever
 * made them.
 */
export class Statistics {
  readonly #counts = new Map<string, ModelCounts>();
  /** The batched methods of each runner. */
  readonly #batched = new Set<string>();
  readonly #stop: () => void;

  constructor() {
    this.#stop = observeRunners({
      called: ({ runner, method, waitMs, runMs, outcome }) => {
        const counts = this.#counts.get(runner);
        if (counts === undefined || outcome === 'abandoned') return;
        counts.add('queue', waitMs);
        counts.add('compute_infer', runMs);
        if (!this.#batched.has(`${runner} ${method}`)) counts.alone++;
      },
      batched: ({ runner, method }) => {
        const counts = this.#counts.get(runner);
        if (counts === undefined) return;
        this.#batched.add(`${runner} ${method}`);
        counts.batches++;
      },
    });
  }

  of(runner: string): ModelCounts {
    let counts = this.#counts.get(runner);
    if (counts === undefined) {
      const [oldest] = this.#counts.keys();
      if (this.#counts.size >= MOST && oldest !== undefined) this.#counts.delete(oldest);
      this.#counts.set(runner, (counts = new ModelCounts()));
    }
    return counts;
  }

  close(): void {
    this.#stop();
  }
}
