import { setTimeout as delay } from 'node:timers/promises';
import {
  Inject,
  Injectable,
  Logger,
  type BeforeApplicationShutdown,
  type OnApplicationBootstrap,
  type OnModuleInit,
} from '@nestjs/common';
import type { Job, Worker } from 'bullmq';
import { RemoteUnavailableError } from '../../serving/remote/errors.js';
import {
  RunnerClosedError,
  RunnerOverloadedError,
  RunnerUnavailableError,
  TooManyCallsError,
  WorkerDiedError,
} from '../../serving/runner/errors.js';
import { errorResponse } from '../http/api-error.js';
import { atMost } from '../http/closing-server.js';
import { ShuttingDownError } from '../http/errors.js';
import { DEFAULT_SHUTDOWN_TIMEOUT_MS } from '../http/shutdown.js';
import { ParserOverloadedError } from '../io/errors.js';
import { logFailure } from '../observability/log-failure.js';
import { VTS_JOBS, VTS_LOG_CONTEXT, VTS_MODULE_OPTIONS } from '../vts.constants.js';
import type { VtsModuleOptions } from '../vts-module-options.interface.js';
import {
  InvalidJobRecordError,
  JobCancelledError,
  JobHandlerGoneError,
  JobLostError,
  JobsUnavailableError,
} from './errors.js';
import { JobHandlers, type JobEndpoint } from './job-handlers.js';
import { JobMetrics } from './job-metrics.js';
import { JobQueue } from './job-queue.js';
import { isId, writeFailure } from './job-record.js';
import { JobSpan } from './job-span.js';
import { JobScope } from './job-scope.js';
import type { Begun, StoredResult } from './job-store.js';
import type { ResolvedJobsOptions } from './jobs-options.js';
import { runJob } from './run-job.js';

/** The runner is full: the job waits, as often as necessary. */
const OVERLOAD = [RunnerOverloadedError, TooManyCallsError, ParserOverloadedError];
/** The model may come back: the job runs again, up to `attempts` times in total. */
const UNAVAILABLE = [
  RunnerUnavailableError,
  RunnerClosedError,
  RemoteUnavailableError,
  WorkerDiedError,
];

/** The metric label for unknown endpoint names. */
const UNKNOWN = 'unknown';
const TOLD_EVERY_MS = 500;
/** After this many heartbeats, the worker checks for a missed cancellation. */
const LOOK_EVERY = 10;
const REDIS_GONE_MS = 250;
const CLOSE_MS = 2000;
const LONGEST_DELAY_MS = 30_000;

/** Runs jobs in this process. */
@Injectable()
export class JobWorker implements OnModuleInit, OnApplicationBootstrap, BeforeApplicationShutdown {
  readonly #logger = new Logger(VTS_LOG_CONTEXT);
  readonly #running = new Set<JobScope>();
  #worker: Worker | undefined;
  #givenUp = false;

  constructor(
    @Inject(VTS_JOBS) private readonly options: ResolvedJobsOptions,
    @Inject(VTS_MODULE_OPTIONS) private readonly module: VtsModuleOptions,
    @Inject(JobQueue) private readonly jobs: JobQueue,
    @Inject(JobHandlers) private readonly handlers: JobHandlers,
    @Inject(JobMetrics) private readonly metrics: JobMetrics,
  ) {}

  /** @throws JobHandlerError */
  async onModuleInit(): Promise<void> {
    try {
      this.handlers.find();
    } catch (error) {
      // An application that has not started cannot be closed.
      await this.jobs.close();
      throw error;
    }
  }

  onApplicationBootstrap(): void {
    if (!this.options.process) return;
    const { bullmq, queue, prefix, workerConnection } = this.jobs;
    const { concurrency, lostAfterMs } = this.options;
    this.#worker = new bullmq.Worker(queue.name, (job, token) => this.#process(job, token), {
      connection: workerConnection,
      prefix,
      concurrency,
      lockDuration: lostAfterMs,
      stalledInterval: Math.min(lostAfterMs, 10_000),
      runRetryDelay: 1000,
      // The record counts the runs.
      maxStalledCount: 1_000_000,
    });
    let last = '';
    this.#worker.on('error', (error) => {
      const { message } = error;
      if (message !== last) this.#logger.warn(`Job queue: ${message || error.name}`);
      last = message;
    });
  }

  /** Running jobs get `shutdownTimeoutMs` to finish; then they go back into the queue. */
  async beforeApplicationShutdown(): Promise<void> {
    const worker = this.#worker;
    if (worker === undefined) return;
    const { shutdownTimeoutMs = DEFAULT_SHUTDOWN_TIMEOUT_MS } = this.module;
    const closed = worker.close().catch(() => undefined);
    await atMost(closed, shutdownTimeoutMs);
    for (const scope of this.#running) scope.end(new ShuttingDownError());
    await atMost(closed, CLOSE_MS);
    this.#givenUp = true;
    await atMost(
      worker.disconnect().catch(() => undefined),
      CLOSE_MS,
    );
  }

  async #process(bull: Job, token: string | undefined): Promise<void> {
    const { id, name } = bull;
    // Anything else in the queue is foreign: it is removed without being read.
    if (!isId(id)) throw this.#over('This is not a job of nestjs-vts.');
    const known = this.handlers.get(name);
    const { keepFor, maxInputBytes, attempts } = known?.limits ?? this.options;
    const { waitFor } = this.options;
    const begun = await this.#patiently(() =>
      this.jobs.store.begin(id, waitFor + keepFor, maxInputBytes, attempts),
    );
    if (begun.kind === 'nothing') return;
    if (begun.kind === 'lost') return this.#fail(id, keepFor, new JobLostError(begun.attempts));
    if (begun.kind === 'invalid') return this.#fail(id, keepFor, begun.error);
    if (begun.job.name !== name) {
      return this.#fail(id, keepFor, new InvalidJobRecordError('it belongs to another endpoint'));
    }
    if (known === undefined) return this.#fail(id, keepFor, new JobHandlerGoneError());
    await this.#run(bull, token, known, begun.job);
  }

  async #run(bull: Job, token: string | undefined, known: JobEndpoint, job: Begun): Promise<void> {
    const id = bull.id as string;
    const { keepFor } = known.limits;
    const scope = new JobScope(id, known.name);
    scope.requestId = job.requestId;
    const span = new JobSpan(scope, job, this.module.tracing ?? true);
    const ended = this.metrics.begin(known.name, job.waitedMs);
    this.#running.add(scope);
    const stopWatching = this.#watch(scope);
    let result: StoredResult;
    try {
      result = await span.run(() => runJob(known, job, scope));
    } catch (error) {
      stopWatching();
      span.end(error);
      ended();
      if (scope.reason instanceof JobCancelledError) throw this.#over('cancelled');
      const again = this.#again(error, job.attempts, known.limits.attempts);
      if (again === undefined) {
        const { hidden } = errorResponse(error);
        if (hidden) logFailure(this.#logger, error, job.requestId);
        return await this.#fail(id, keepFor, error, known.name);
      }
      await this.#patiently(() => this.jobs.store.requeue(id, again.free));
      const { attemptsStarted: starts = 1 } = bull as { attemptsStarted?: number };
      const waitMs = again.at ?? delayOf(starts);
      await bull.moveToDelayed(Date.now() + waitMs, token);
      throw new this.jobs.bullmq.DelayedError();
    } finally {
      stopWatching();
      this.#running.delete(scope);
    }
    span.end();
    ended();
    const kept = await this.#patiently(() => this.jobs.store.succeed(id, keepFor, result));
    if (kept) this.metrics.ended(known.name, 'succeeded');
  }

  /**
   * Stores the progress of the handler, and ends the run of a job that was cancelled or has ended
   * elsewhere.
   */
  #watch(scope: JobScope): () => void {
    const { id } = scope;
    const cancel = (): void => scope.end(new JobCancelledError());
    const leave = this.jobs.changes.watch(id, (state) => {
      if (state === 'cancelled') cancel();
    });
    let turns = 0;
    const timer = setInterval(() => {
      const { told } = scope;
      if (told === undefined && ++turns % LOOK_EVERY !== 0) return;
      scope.told = undefined;
      const kept = this.jobs.store.progress(id, told);
      kept.then((state) => state !== 'running' && cancel()).catch(() => undefined);
    }, TOLD_EVERY_MS);
    return () => {
      clearInterval(timer);
      leave();
    };
  }

  /** Whether the job runs again, and whether this run counts; undefined if the error is final. */
  #again(
    error: unknown,
    attempts: number,
    most: number,
  ): { free: boolean; at?: number } | undefined {
    if (error instanceof ShuttingDownError) return { free: true, at: 0 };
    if (OVERLOAD.some((type) => error instanceof type)) return { free: true };
    const mayReturn = UNAVAILABLE.some((type) => error instanceof type);
    return mayReturn && attempts < most ? { free: false } : undefined;
  }

  async #fail(id: string, keepFor: number, error: unknown, name = UNKNOWN): Promise<never> {
    const { body } = errorResponse(error);
    const failure = writeFailure(body);
    const kept = await this.#patiently(() => this.jobs.store.fail(id, keepFor, failure));
    if (kept) this.metrics.ended(name, 'failed');
    throw this.#over((body as { message: string }).message);
  }

  /** An error that BullMQ does not retry. */
  #over(message: string): Error {
    return new this.jobs.bullmq.UnrecoverableError(message);
  }

  /** A result that took an hour must not be lost because Redis restarts. */
  async #patiently<T>(write: () => Promise<T>): Promise<T> {
    for (;;) {
      try {
        return await write();
      } catch (error) {
        if (!(error instanceof JobsUnavailableError) || this.#givenUp) throw error;
        await delay(REDIS_GONE_MS);
      }
    }
  }
}

/** Exponential backoff with random jitter. */
function delayOf(starts: number): number {
  const ms = Math.min(LONGEST_DELAY_MS, 1000 * 2 ** Math.min(20, starts - 1));
  return Math.round(ms * (0.75 + Math.random() / 2));
}
