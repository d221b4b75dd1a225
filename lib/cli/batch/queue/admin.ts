import type { Job, Queue } from 'bullmq';
import { shortened } from '../../../learner/errors/index.js';
import {
  openQueueConnection,
  type QueueConnectionOptions,
} from '../../../serving/queue/connection.js';
import { loadBullMQ } from '../../../serving/queue/load.js';
import { CommandError } from '../../errors.js';
import { markCancelled, readProgress, type BatchProgressNote } from './cancel.js';
import { BATCH, BATCHES, chunkOf, chunksQueue, ID, MOST_BATCHES } from './names.js';
import { readOrder, type BatchOrder } from './payload.js';

/** A batch on the queue, in the form that commands show. */
export interface BatchState {
  readonly id: string;
  readonly model: string;
  readonly digest: string;
  readonly output: string;
  readonly created: Date;
  readonly paused: boolean;
  /** Undefined until its coordinator has reported progress. */
  readonly progress: BatchProgressNote | undefined;
  readonly chunks: ChunkCounts;
}

export interface ChunkCounts {
  readonly waiting: number;
  readonly active: number;
  readonly delayed: number;
  readonly failed: number;
}

export interface FailedChunk {
  readonly chunk: number;
  readonly attempts: number;
  readonly reason: string;
}

const MOST_FAILED = 100;
const MOST_REASON = 1000;

/** Manages the batches on a queue, from outside of coordinators and workers. */
export class BatchAdmin {
  readonly #opened: Queue[] = [];
  readonly #batches: Queue;

  constructor(private readonly connection: QueueConnectionOptions) {
    this.#batches = this.#open(BATCHES);
  }

  /** Connects to the queue at an address for some work, and disconnects. */
  static async use<T>(url: string, work: (admin: BatchAdmin) => Promise<T>): Promise<T> {
    const admin = new BatchAdmin((await openQueueConnection(url)).options);
    try {
      return await work(admin);
    } finally {
      await admin.close();
    }
  }

  async close(): Promise<void> {
    await Promise.all(this.#opened.map((queue) => queue.close()));
  }

  /** The batches in progress, the latest first: at most a hundred. */
  async list(): Promise<BatchState[]> {
    const jobs = await this.#batches.getJobs(['waiting', 'delayed'], 0, MOST_BATCHES - 1);
    const states: BatchState[] = [];
    for (const job of jobs) {
      const order = orderOf(job);
      if (order) states.push(await this.#stateOf(job, order));
    }
    return states.toSorted((a, b) => b.created.getTime() - a.created.getTime());
  }

  /** @throws CommandError if no batch on the queue has this id. */
  async get(id: string): Promise<BatchState> {
    const job = ID.test(id) ? await this.#batches.getJob(id) : undefined;
    const order = job && orderOf(job);
    if (job && order) return this.#stateOf(job, order);
    throw new CommandError(
      `No batch ${shortened(id, 40)} is on the queue`,
      '"vts queue list" shows the ids of all batches',
    );
  }

  /**
   * Pauses a batch. Workers finish the chunks in progress and do not start others until `resume`.
   */
  async pause(id: string): Promise<void> {
    await this.get(id);
    await this.#chunksOf(id).pause();
  }

  async resume(id: string): Promise<void> {
    await this.get(id);
    await this.#chunksOf(id).resume();
  }

  /** Ends a batch. Finished chunks stay in its work folder. */
  async cancel(id: string): Promise<void> {
    await this.get(id);
    await markCancelled(this.#batches, id);
    await this.#chunksOf(id).drain(true);
  }

  /** The failed chunks: at most a hundred. */
  async failed(id: string): Promise<FailedChunk[]> {
    await this.get(id);
    const jobs = await this.#chunksOf(id).getFailed(0, MOST_FAILED - 1);
    return jobs.flatMap(({ id: name, attemptsMade, failedReason }) => {
      const chunk = chunkOf(name);
      if (chunk === undefined) return [];
      const reason = shortened(String(failedReason ?? 'unknown'), MOST_REASON);
      return [{ chunk, attempts: attemptsMade, reason }];
    });
  }

  /** Lets workers try all failed chunks again. */
  async retry(id: string): Promise<number> {
    const { chunks } = await this.get(id);
    await this.#chunksOf(id).retryJobs({ state: 'failed' });
    return chunks.failed;
  }

  #chunksOf(id: string): Queue {
    const name = chunksQueue(id);
    return this.#opened.find((queue) => queue.name === name) ?? this.#open(name);
  }

  #open(name: string): Queue {
    const { Queue: BullQueue } = loadBullMQ();
    const queue = new BullQueue(name, { connection: { ...this.connection } });
    // The request itself also fails, or waits for the server.
    queue.on('error', () => undefined);
    this.#opened.push(queue);
    return queue;
  }

  async #stateOf(job: Job, order: BatchOrder): Promise<BatchState> {
    const queue = this.#chunksOf(order.id);
    const counts = await queue.getJobCounts(
      'waiting',
      'prioritized',
      'active',
      'delayed',
      'failed',
    );
    const count = (...states: string[]): number =>
      states.reduce((sum, state) => sum + (counts[state] ?? 0), 0);
    return {
      id: order.id,
      model: order.model.tag,
      digest: order.model.digest,
      output: order.output,
      created: new Date(order.created),
      paused: await queue.isPaused(),
      progress: progressOf(job),
      chunks: {
        // BullMQ 5 keeps the jobs of a paused queue apart.
        waiting: count('waiting', 'paused', 'prioritized'),
        active: count('active'),
        delayed: count('delayed'),
        failed: count('failed'),
      },
    };
  }
}

/** Undefined for data that is not a batch order, because anybody may write to a queue. */
function orderOf(job: Job | undefined): BatchOrder | undefined {
  if (job?.name !== BATCH) return undefined;
  try {
    const order = readOrder(job.data, 'batch');
    return order.id === job.id ? order : undefined;
  } catch {
    return undefined;
  }
}

function progressOf({ progress }: Job): BatchProgressNote | undefined {
  try {
    return readProgress(progress, 'progress');
  } catch {
    return undefined;
  }
}
