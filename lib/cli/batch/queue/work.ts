import { randomBytes } from 'node:crypto';
import { hostname } from 'node:os';
import { setTimeout } from 'node:timers/promises';
import type { Job, Queue, Worker } from 'bullmq';
import { packageVersion } from '../../../learner/runtime/package-version.js';
import { openQueueConnection, type QueueConnection } from '../../../serving/queue/connection.js';
import { loadBullMQ } from '../../../serving/queue/load.js';
import { usableCores } from '../../../serving/runner/pool/cores.js';
import { CommandError, describeFailure } from '../../errors.js';
import { complain, warn } from '../../output/print.js';
import { Limit } from '../limit.js';
import { S3AccessError, S3UnavailableError } from '../../s3/errors.js';
import { BatchAtWork, BatchNotHereError } from './batch-at-work.js';
import { isCancelled } from './cancel.js';
import { QueuePayloadError } from './check.js';
import { BatchOverError, InputChangedError } from './chunk-folder.js';
import { LoadedModels, WorkerModels } from './models.js';
import { BATCH, BATCHES, chunksQueue, ID, MOST_BATCHES } from './names.js';
import { readChunkJob, readOrder, type ChunkResult } from './payload.js';
import { announce, HEARTBEAT_MS, takeLeave } from './presence.js';
import { OutsideRootError, Root } from './roots.js';

export interface WorkSettings {
  readonly url: string;
  readonly home?: string | undefined;
  readonly modelsDir?: string | undefined;
  /** Where chunks may name files: a folder, and S3 addresses. */
  readonly roots: readonly string[];
  /** The number of threads that predict; undefined for the number of cores. */
  readonly workers?: number | undefined;
  /** How many chunks it does at a time. */
  readonly concurrency: number;
  /** How many models stay loaded. */
  readonly keepModels: number;
  /** Called for each finished chunk. */
  readonly onChunk?: ((chunk: ChunkDone) => void) | undefined;
}

/** A chunk that this worker has finished. */
export interface ChunkDone {
  /** The coordinator's name for the model. */
  readonly model: string;
  readonly rows: number;
  readonly failed: number;
  readonly seconds: number;
}

const POLL_MS = 1000;
/** Another worker takes over a chunk if its worker is silent for this long. */
const LOCK_MS = 6000;
const STALLED_MS = 2000;
/** How many workers may die while they work on a chunk. */
const MOST_STALLED = 10;

/** Predicts the chunks of batches until it is stopped. @throws The errors of queue and folders. */
export async function startWorker(settings: WorkSettings): Promise<BatchWorker> {
  const connection = await openQueueConnection(settings.url);
  for (const warning of connection.warnings) warn(warning);
  const root = await Root.open(settings.roots);
  const models = await WorkerModels.open(settings.home, settings.modelsDir);
  return new BatchWorker(settings, connection, root, models);
}

interface OpenBatch {
  /** The order as it was read, because a coordinator may change it. */
  readonly json: string;
  readonly worker: Worker | undefined;
  /** Why this worker leaves it to others. */
  readonly lack: string | undefined;
}

export class BatchWorker {
  readonly id = randomBytes(8).toString('hex');
  /** Resolves when it has stopped. */
  readonly ended: Promise<void>;
  readonly #batches: Queue;
  readonly #open = new Map<string, OpenBatch>();
  readonly #loaded: LoadedModels;
  readonly #calls: Limit;
  readonly #chunks: Limit;
  readonly #stop = new AbortController();
  #away = false;

  constructor(
    private readonly settings: WorkSettings,
    readonly connection: QueueConnection,
    private readonly root: Root,
    private readonly models: WorkerModels,
  ) {
    const { Queue } = loadBullMQ();
    const threads = settings.workers ?? Math.max(1, Math.floor(usableCores()));
    this.#batches = new Queue(BATCHES, { connection: { ...connection.options } });
    this.#batches.on('error', (error) => this.#tellAway(error));
    this.#loaded = new LoadedModels(settings.keepModels, threads);
    this.#calls = new Limit(2 * threads);
    this.#chunks = new Limit(settings.concurrency);
    this.ended = this.#run();
  }

  /** Whether Redis answers and no stop was requested. */
  get isReady(): boolean {
    return !this.#away && !this.#stop.signal.aborted;
  }

  /** Stops taking chunks. `ended` waits for those in progress. */
  stop(): void {
    this.#stop.abort();
  }

  async #run(): Promise<void> {
    const { names } = this.models;
    const known = names.length > 0 ? ` with ${names.slice(0, 8).join(', ')}` : '';
    process.stderr.write(`Listening at ${this.connection.shown}${known}.\n`);
    let heard = -Infinity;
    const { signal } = this.#stop;
    while (!signal.aborted) {
      try {
        const changed = await this.#look();
        if (changed || performance.now() - heard > HEARTBEAT_MS) {
          await announce(this.#batches, this.#facts());
          heard = performance.now();
        }
        this.#away = false;
      } catch (error) {
        complain(describeFailure(error));
      }
      await setTimeout(POLL_MS, undefined, { signal }).catch(() => undefined);
    }
    await this.#close();
  }

  /**
   * Opens new batches, and closes those that have ended.
   *
   * @returns Whether it found any.
   */
  async #look(): Promise<boolean> {
    const jobs = await this.#batches.getWaiting(0, MOST_BATCHES - 1);
    let changed = false;
    const there = new Set<string>();
    for (const job of jobs) {
      const { id = '', name, data } = job as Job<unknown>;
      if (name !== BATCH) continue;
      there.add(id);
      const json = JSON.stringify(data);
      const known = this.#open.get(id);
      // The missing part may appear later: a model may be imported, or a folder mounted.
      if (known?.json === json && known.worker) continue;
      const opened = await this.#openBatch(id, data, json);
      if (opened.lack !== undefined && opened.lack !== known?.lack) complain(opened.lack);
      if (known?.worker) await known.worker.close();
      changed ||= opened.lack !== known?.lack || opened.worker !== undefined;
      this.#open.set(id, opened);
    }
    for (const [id, { worker }] of this.#open) {
      if (there.has(id)) continue;
      this.#open.delete(id);
      changed = true;
      // It may have a chunk in progress, for which nobody waits any longer.
      void worker?.close();
    }
    return changed;
  }

  async #openBatch(id: string, data: unknown, json: string): Promise<OpenBatch> {
    try {
      const order = readOrder(data, 'batch');
      if (order.id !== id)
        throw new BatchNotHereError(`The batch "${id}" does not match its entry in the list.`);
      const batch = await BatchAtWork.open(order, this.models, this.root);
      return { json, worker: this.#listen(batch), lack: undefined };
    } catch (error) {
      return { json, worker: undefined, lack: describeFailure(error).slice(0, 2000) };
    }
  }

  #listen(batch: BatchAtWork): Worker {
    const { Worker: QueueWorker } = loadBullMQ();
    const worker = new QueueWorker(
      chunksQueue(batch.order.id),
      (job) => this.#chunks.run(() => this.#process(batch, job)),
      {
        connection: { ...this.connection.options },
        name: this.id,
        concurrency: this.settings.concurrency,
        lockDuration: LOCK_MS,
        stalledInterval: STALLED_MS,
        maxStalledCount: MOST_STALLED,
        runRetryDelay: 1000,
        drainDelay: 2,
      },
    );
    worker.on('error', (error) => this.#tellAway(error));
    return worker;
  }

  async #process(batch: BatchAtWork, job: Job): Promise<ChunkResult> {
    const start = performance.now();
    try {
      if (await isCancelled(this.#batches, batch.order.id)) return { rows: 0, failed: 0 };
      const chunk = readChunkJob(job.data, 'chunk');
      const { rows, take } = chunk.place;
      if (chunk.batch !== batch.order.id || take > rows || rows > batch.order.chunkRows) {
        throw new QueuePayloadError('chunk', 'a chunk of its batch');
      }
      const result = await batch.run(chunk, this.#loaded, this.#calls);
      const seconds = (performance.now() - start) / 1000;
      this.settings.onChunk?.({ model: batch.order.model.tag, ...result, seconds });
      return result;
    } catch (error) {
      const reason = describeFailure(error);
      complain(
        `Chunk ${JSON.stringify(job.id).slice(0, 60)} of batch ${batch.order.id}: ${reason}`,
      );
      const { UnrecoverableError } = loadBullMQ();
      if (isFinal(error)) throw new UnrecoverableError(reason);
      throw new Error(reason);
    }
  }

  #facts(): Parameters<typeof announce>[1] {
    const all = [...this.#open];
    return {
      id: this.id,
      host: hostname().slice(0, 255),
      pid: process.pid,
      version: packageVersion() ?? 'unknown',
      concurrency: this.settings.concurrency,
      batches: all.flatMap(([batch, { worker }]) => (worker ? [batch] : [])),
      lacks: all.flatMap(([batch, { lack }]) => {
        return lack !== undefined && ID.test(batch) ? [{ batch, reason: lack }] : [];
      }),
    };
  }

  async #close(): Promise<void> {
    await Promise.all([...this.#open.values()].map(({ worker }) => worker?.close()));
    await takeLeave(this.#batches, this.id).catch(() => undefined);
    await this.#batches.close().catch(() => undefined);
    await this.#loaded.close();
  }

  #tellAway(error: Error): void {
    if (this.#away || this.#stop.signal.aborted) return;
    this.#away = true;
    complain(`${this.connection.shown}: ${describeFailure(error)}; waiting for it.`, 'warning');
  }
}

/** Whether the next attempt ends as this one did. */
function isFinal(error: unknown): boolean {
  const is = (kinds: readonly (abstract new (...args: never) => Error)[]): boolean =>
    kinds.some((kind) => error instanceof kind);
  // S3 may answer later, and may allow another worker what it refuses this one.
  if (is([S3UnavailableError, S3AccessError])) return false;
  return is([QueuePayloadError, OutsideRootError, InputChangedError, BatchOverError, CommandError]);
}
