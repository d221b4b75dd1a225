import { Inject, Injectable } from '@nestjs/common';
import type { Registry } from 'prom-client';
import type { ResolvedMetricsOptions } from '../observability/metrics/metrics-options.js';
import { promClient } from '../observability/metrics/prom-client.js';
import {
  CountMetric,
  SpreadMetric,
  TwoNames,
  type Count,
} from '../observability/metrics/series.js';
import { VTS_METRICS_OPTIONS, VTS_METRICS_REGISTRY } from '../vts.constants.js';
import { JobQueue } from './job-queue.js';

/** Upper bounds in seconds, for waiting and for running. */
const SECONDS = [0.01, 0.05, 0.1, 0.5, 1, 5, 10, 30, 60, 300, 900, 3600, 4 * 3600];

type Ended = 'succeeded' | 'failed' | 'cancelled';

/**
 * Metrics of jobs: those of this process by the endpoint's name in the queue, and the number of
 * jobs that wait in Redis for all processes.
 */
@Injectable()
export class JobMetrics {
  readonly #submitted: ((name: string) => Count) | undefined;
  readonly #ended: ((name: string, state: Ended) => Count) | undefined;
  readonly #wait: ((name: string) => { observe(seconds: number): void }) | undefined;
  readonly #run: ((name: string) => { observe(seconds: number): void }) | undefined;
  #running = 0;

  constructor(
    @Inject(VTS_METRICS_OPTIONS) options: ResolvedMetricsOptions | undefined,
    @Inject(VTS_METRICS_REGISTRY) registry: Registry,
    @Inject(JobQueue) jobs: JobQueue,
  ) {
    if (options === undefined) return;
    const name = (of: string): string => `${options.prefix}jobs_${of}`;
    const submitted = new CountMetric(
      registry,
      name('submitted_total'),
      'Jobs that were accepted.',
    );
    const ended = new CountMetric(
      registry,
      name('ended_total'),
      'Jobs that this process has ended: succeeded, failed or cancelled.',
    );
    const wait = new SpreadMetric(
      registry,
      name('wait_seconds'),
      'Seconds from the submission of a job to its start.',
      SECONDS,
    );
    const run = new SpreadMetric(registry, name('run_seconds'), 'Seconds that a job ran.', SECONDS);
    // Not `job`, because Prometheus uses that label for scrape targets.
    this.#submitted = kept((job) => submitted.add({ name: job }));
    const states = new TwoNames((job, state) => ended.add({ name: job, state }));
    this.#ended = (job, state) => states.of(job, state);
    this.#wait = kept((job) => wait.add({ name: job }));
    this.#run = kept((job) => run.add({ name: job }));
    const { Gauge } = promClient();
    const registers = [registry];
    new Gauge({
      name: name('waiting'),
      help: 'Jobs that wait in the queue, for all processes; absent while Redis cannot be reached.',
      registers,
      async collect() {
        const waiting = await jobs.waiting().catch(() => undefined);
        if (waiting === undefined) this.remove();
        else this.set(waiting);
      },
    });
    const running = (): number => this.#running;
    new Gauge({
      name: name('running'),
      help: 'Jobs that this process is running.',
      registers,
      collect() {
        this.set(running());
      },
    });
  }

  submitted(job: string): void {
    const count = this.#submitted?.(job);
    if (count !== undefined) count.value++;
  }

  /** Records the start of a run. Returns a function to call when it ends, in any way. */
  begin(job: string, waitedMs: number): () => void {
    const from = performance.now();
    this.#running++;
    this.#wait?.(job).observe(Math.max(0, waitedMs) / 1000);
    return () => {
      this.#running--;
      this.#run?.(job).observe((performance.now() - from) / 1000);
    };
  }

  ended(job: string, state: Ended): void {
    const count = this.#ended?.(job, state);
    if (count !== undefined) count.value++;
  }
}

function kept<T>(make: (name: string) => T): (name: string) => T {
  const made = new Map<string, T>();
  return (name) => {
    let found = made.get(name);
    if (found === undefined) made.set(name, (found = make(name)));
    return found;
  };
}
