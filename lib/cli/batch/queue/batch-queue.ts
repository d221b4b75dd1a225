import { setTimeout } from 'node:timers/promises';
import type { Queue } from 'bullmq';
import type { QueueConnection } from '../../../serving/queue/connection.js';
import { loadBullMQ } from '../../../serving/queue/load.js';
import type { ChunkPlace } from '../places/place.js';
import { forgetCancelled, isCancelled, type BatchProgressNote } from './cancel.js';
import { BATCH, BATCHES, CHUNK, chunkJob, chunkOf, chunksQueue } from './names.js';
import { chunkJobOf } from './order.js';
import type { BatchOrder } from './payload.js';
import { workersOf, type WorkerFacts } from './presence.js';

/** A chunk by its number. */
export type NumberedPlace = readonly [number: number, place: ChunkPlace];

/** How many failed chunks are requested at most. */
const MOST_FAILED = 256;
/** How many failed chunks of an earlier run are removed at most. */
const MOST_FORGOTTEN = 100_000;
/** A server that is not reachable does not answer. */
const CLOSE_MS = 1000;

/** A batch's jobs on the queue: its own job, and those of its chunks. */
export class BatchQueue {
  readonly #batches: Queue;
  readonly #chunks: Queue;

  /** @param onAway Called each time that the server does not answer. */
  constructor(
    private readonly connection: QueueConnection,
    private readonly order: BatchOrder,
    private readonly attempts: number,
    private readonly onAway: () => void,
  ) {
    this.#batches = this.#open(BATCHES);
    this.#chunks = this.#open(chunksQueue(order.id));
  }

  /**
   * Announces the batch to workers.
   *
   * @param earlier Ids of the batches that it replaces. Their jobs are removed.
   */
  async begin(earlier: readonly string[]): Promise<void> {
    for (const id of earlier) {
      const chunks = this.#open(chunksQueue(id));
      await this.#remove(id, chunks);
      await close(chunks);
    }
    await forgetCancelled(this.#batches, this.order.id);
    await this.announce();
    // The same command tries failed chunks again.
    await this.#chunks.clean(0, MOST_FORGOTTEN, 'failed');
  }

  /** Announces the batch again if the server has lost it. */
  async announce(): Promise<void> {
    const { order } = this;
    const known = await this.#batches.getJob(order.id);
    if (known && JSON.stringify(known.data) !== JSON.stringify(order)) {
      await known.updateData(order);
    }
    await this.#batches.add(BATCH, order, { jobId: order.id });
  }

  async note(progress: BatchProgressNote): Promise<void> {
    await (await this.#batches.getJob(this.order.id))?.updateProgress(progress);
  }

  async add(chunks: readonly NumberedPlace[]): Promise<void> {
    const { order, attempts } = this;
    await this.#chunks.addBulk(
      chunks.map(([number, place]) => ({
        name: CHUNK,
        data: chunkJobOf(order.id, number, place, order.root),
        opts: {
          jobId: chunkJob(number),
          attempts,
          backoff: { type: 'exponential', delay: 1000, jitter: 0.5 },
          removeOnComplete: true,
          stackTraceLimit: 0,
        },
      })),
    );
  }

  /** The failed chunks, with reasons. */
  async failed(): Promise<Map<number, string>> {
    const failed = new Map<number, string>();
    for (const { id, failedReason } of await this.#chunks.getFailed(0, MOST_FAILED)) {
      const number = chunkOf(id);
      if (number !== undefined) failed.set(number, failedReason);
    }
    return failed;
  }

  /** Those of the chunks that the server does not know. */
  async lost(numbers: readonly number[]): Promise<number[]> {
    const states = await Promise.all(
      numbers.map((number) => this.#chunks.getJobState(chunkJob(number))),
    );
    return numbers.filter((_, at) => states[at] === 'unknown');
  }

  workers(): Promise<WorkerFacts[]> {
    return workersOf(this.#batches);
  }

  isCancelled(): Promise<boolean> {
    return isCancelled(this.#batches, this.order.id);
  }

  forgetCancelled(): Promise<void> {
    return forgetCancelled(this.#batches, this.order.id);
  }

  /** Removes the batch and all its jobs. */
  remove(): Promise<void> {
    return this.#remove(this.order.id, this.#chunks);
  }

  async close(): Promise<void> {
    for (const queue of [this.#batches, this.#chunks]) await close(queue);
  }

  async #remove(id: string, chunks: Queue): Promise<void> {
    await (await this.#batches.getJob(id))?.remove();
    await chunks.obliterate({ force: true });
  }

  #open(name: string): Queue {
    const { Queue: BullQueue } = loadBullMQ();
    const queue = new BullQueue(name, { connection: { ...this.connection.options } });
    queue.on('error', () => this.onAway());
    return queue;
  }
}

async function close(queue: Queue): Promise<void> {
  const closed = queue.close().catch(() => undefined);
  await Promise.race([closed, setTimeout(CLOSE_MS, undefined, { ref: false })]);
  await queue.disconnect().catch(() => undefined);
}
