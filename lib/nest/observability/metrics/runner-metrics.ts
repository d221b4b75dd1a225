import type { Registry } from 'prom-client';
import type { RunnerHandle } from '../../../serving/runner/runner-types.js';
import { observeRunners } from '../../../serving/runtime/runner-observer.js';
import type { RunnerStats } from '../../../serving/runner/pool/pool-stats.js';
import { BATCH_SIZES, CALL_SECONDS, LOAD_SECONDS } from './buckets.js';
import { promClient } from './prom-client.js';
import { CountMetric, SpreadMetric, TwoNames } from './series.js';

/** The values that are read from the runners when metrics are read. */
const GAUGES: readonly (readonly [string, string, (stats: RunnerStats) => number])[] = [
  ['queue_depth', 'Calls that are waiting for a worker.', ({ queued }) => queued],
  ['running', 'Calls that a worker is running.', ({ running }) => running],
  ['workers', 'Workers that the runner should have.', ({ workers }) => workers],
  ['ready', 'Workers that have loaded the model.', ({ ready }) => ready],
];

/**
 * Metrics of runners. Workers and calls in progress cover the runners that the application injects.
 * Counts and times cover all runners of the process.
 */
export class RunnerMetrics {
  readonly #leave: () => void;

  constructor(registry: Registry, prefix: string, runners: () => Iterable<RunnerHandle>) {
    const { Gauge } = promClient();
    const registers = [registry];
    for (const [name, help, of] of GAUGES) {
      new Gauge({
        name: `${prefix}runner_${name}`,
        help,
        labelNames: ['runner'],
        registers,
        collect() {
          // A watched runner changes its version. Its previous version no longer has these values.
          this.reset();
          for (const { tag, stats } of runners()) this.set({ runner: tag }, of(stats));
        },
      });
    }
    const full = (name: string): string => `${prefix}runner_${name}`;
    const counter = (name: string, help: string): CountMetric =>
      new CountMetric(registry, full(name), help);
    const histogram = (name: string, help: string, buckets: readonly number[]): SpreadMetric =>
      new SpreadMetric(registry, full(name), help, buckets);
    const calls = counter(
      'calls_total',
      'Calls by outcome: ok, input (the item was wrong), failed, or abandoned.',
    );
    const shed = counter(
      'shed_total',
      'Calls that were refused because of load: queue, latency, overdue or concurrency.',
    );
    const restarts = counter('restarts_total', 'Workers that were lost and restarted.');
    const wait = histogram(
      'wait_seconds',
      'Seconds that a call waited for a worker.',
      CALL_SECONDS,
    );
    const run = histogram('run_seconds', 'Seconds that a worker spent on a call.', CALL_SECONDS);
    const rows = histogram('batch_size', 'Rows in a batch.', BATCH_SIZES);
    const batched = histogram('batch_calls', 'Calls in a batch.', BATCH_SIZES);
    const load = histogram(
      'model_load_seconds',
      'Seconds that the workers of a runner took to load its model.',
      LOAD_SECONDS,
    );
    // They exist if the application has a runner on another machine.
    const remoteRequests = once(() =>
      counter(
        'remote_requests_total',
        'Requests to the servers of remote runners, including retries, by gRPC status.',
      ),
    );
    const remoteSeconds = once(() =>
      histogram(
        'remote_request_seconds',
        'Seconds that a server of a remote runner took to answer.',
        CALL_SECONDS,
      ),
    );
    const ofMethod = new TwoNames((runner, method) => ({
      wait: wait.add({ runner, method }),
      run: run.add({ runner, method }),
      rows: rows.add({ runner, method }),
      batched: batched.add({ runner, method }),
      calls: new TwoNames((outcome) => calls.add({ runner, method, outcome })),
      shed: new TwoNames((reason) => shed.add({ runner, method, reason })),
    }));
    const ofRemote = new TwoNames((runner, remote) => ({
      seconds: remoteSeconds().add({ runner, remote }),
      requests: new TwoNames((status) => remoteRequests().add({ runner, remote, status })),
    }));
    const ofRunner = new TwoNames((runner) => ({
      restarts: restarts.add({ runner }),
      load: load.add({ runner }),
    }));
    this.#leave = observeRunners({
      called({ runner, method, outcome, waitMs, runMs }) {
        const series = ofMethod.of(runner, method);
        series.calls.of(outcome, '').value++;
        series.wait.observe(waitMs / 1000);
        // A call that was abandoned while it waited has not run.
        if (runMs > 0) series.run.observe(runMs / 1000);
      },
      batched({ runner, method, rows: size, calls: count }) {
        const series = ofMethod.of(runner, method);
        series.rows.observe(size);
        series.batched.observe(count);
      },
      shed: ({ runner, method, reason }) => {
        ofMethod.of(runner, method).shed.of(reason, '').value++;
      },
      sent({ runner, remote, status, ms }) {
        const series = ofRemote.of(runner, remote);
        series.requests.of(status, '').value++;
        series.seconds.observe(ms / 1000);
      },
      restarted: ({ runner }) => void ofRunner.of(runner, '').restarts.value++,
      loaded: ({ runner, ms }) => ofRunner.of(runner, '').load.observe(ms / 1000),
    });
  }

  close(): void {
    this.#leave();
  }
}

function once<T>(make: () => T): () => T {
  let made: T | undefined;
  return () => (made ??= make());
}
