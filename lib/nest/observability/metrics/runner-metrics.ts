import { Counter, Gauge, Histogram, type Registry } from 'prom-client';
import type { RunnerHandle } from '../../../serving/runner/runner-types.js';
import { observeRunners } from '../../../serving/runtime/runner-observer.js';
import type { RunnerStats } from '../../../serving/runner/pool/pool-stats.js';
import { BATCH_SIZES, CALL_SECONDS, LOAD_SECONDS } from './buckets.js';

/** What is read from the runners when somebody asks. */
const GAUGES: readonly (readonly [string, string, (stats: RunnerStats) => number])[] = [
  ['queue_depth', 'Calls that wait for a worker.', ({ queued }) => queued],
  ['running', 'Calls that a worker works on.', ({ running }) => running],
  ['workers', 'Workers that the runner wants.', ({ workers }) => workers],
  ['ready', 'Workers that have the model loaded.', ({ ready }) => ready],
];

/**
 * Metrics of runners: how many they are and what they have in hand, of those that the application
 * injects; what they do, of all runners of the process.
 */
export class RunnerMetrics {
  readonly #leave: () => void;

  constructor(registry: Registry, prefix: string, runners: () => Iterable<RunnerHandle>) {
    const registers = [registry];
    for (const [name, help, of] of GAUGES) {
      new Gauge({
        name: `${prefix}runner_${name}`,
        help,
        labelNames: ['runner'],
        registers,
        collect() {
          // A watched runner changes its version; the one that it was has none of these any more.
          this.reset();
          for (const { tag, stats } of runners()) this.set({ runner: tag }, of(stats));
        },
      });
    }
    const labelNames = ['runner', 'method'] as const;
    const counter = <Label extends string>(name: string, help: string, labels: readonly Label[]) =>
      new Counter({ name: `${prefix}runner_${name}`, help, labelNames: labels, registers });
    const histogram = <Label extends string>(
      name: string,
      help: string,
      labels: readonly Label[],
      buckets: number[],
    ) => {
      return new Histogram({
        name: `${prefix}runner_${name}`,
        help,
        labelNames: labels,
        buckets,
        registers,
      });
    };
    const calls = counter(
      'calls_total',
      'Calls by how they ended: ok, input (the item was at fault), failed, or abandoned.',
      [...labelNames, 'outcome'],
    );
    const shed = counter(
      'shed_total',
      'Calls that were refused because of the load: queue, latency, overdue or concurrency.',
      [...labelNames, 'reason'],
    );
    const restarts = counter('restarts_total', 'Workers that were lost and started again.', [
      'runner',
    ]);
    const wait = histogram(
      'wait_seconds',
      'Seconds that a call waited for a worker.',
      labelNames,
      CALL_SECONDS,
    );
    const run = histogram(
      'run_seconds',
      'Seconds that a worker took for a call.',
      labelNames,
      CALL_SECONDS,
    );
    const rows = histogram('batch_size', 'Rows of a batch.', labelNames, BATCH_SIZES);
    const batched = histogram('batch_calls', 'Calls of a batch.', labelNames, BATCH_SIZES);
    const load = histogram(
      'model_load_seconds',
      'Seconds until the workers of a runner had loaded its model.',
      ['runner'],
      LOAD_SECONDS,
    );
    this.#leave = observeRunners({
      called({ runner, method, outcome, waitMs, runMs }) {
        calls.inc({ runner, method, outcome });
        wait.observe({ runner, method }, waitMs / 1000);
        // What was given up while it waited has not run.
        if (runMs > 0) run.observe({ runner, method }, runMs / 1000);
      },
      batched({ runner, method, rows: size, calls: count }) {
        rows.observe({ runner, method }, size);
        batched.observe({ runner, method }, count);
      },
      shed: ({ runner, method, reason }) => shed.inc({ runner, method, reason }),
      restarted: ({ runner }) => restarts.inc({ runner }),
      loaded: ({ runner, ms }) => load.observe({ runner }, ms / 1000),
    });
  }

  close(): void {
    this.#leave();
  }
}
