import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { openQueueConnection, type QueueConnection } from '../../../serving/queue/connection.js';
import { CommandError, describeFailure } from '../../errors.js';
import { warn } from '../../output/print.js';
import {
  linesIn,
  merge,
  refuseTooMany,
  type BatchPlan,
  type BatchProgress,
  type BatchResult,
} from '../run-batch.js';
import { BatchQueue, type NumberedPlace } from './batch-queue.js';
import { markOf } from './chunk-folder.js';
import { failuresOf, lackOfWorkers } from './coordinator-messages.js';
import { MARK } from './names.js';
import type { BatchOrder } from './payload.js';
import type { ChunkPlace } from '../places/place.js';
import type { S3Inbox } from './s3-inbox.js';
import { splitFiles } from '../places/split.js';
import type { Unpacked } from '../places/unpack.js';

/** A batch whose chunks workers predict. */
export interface QueuedBatch extends Pick<
  BatchPlan,
  | 'files'
  | 'folder'
  | 'sink'
  | 'layout'
  | 'output'
  | 'overwrite'
  | 'chunkRows'
  | 'limit'
  | 'where'
  | 'maxErrors'
  | 'onProgress'
> {
  readonly connection: QueueConnection;
  readonly order: BatchOrder;
  /** The folder in which workers put chunks, or into which their chunks on S3 are fetched. */
  readonly inbox: string;
  readonly objects?: S3Inbox | undefined;
  /** Ids of runs before `--restart`. Their jobs are removed from the queue. */
  readonly earlier: readonly string[];
  /** Whether to discard what workers have put on S3. */
  readonly restart: boolean;
  /** The number of attempts per chunk. */
  readonly attempts: number;
}

/** How many chunks are on the queue at a time, and how many files of items they name. */
const MOST_CHUNKS = 256;
const MOST_FILES = 65_536;
const TICK_MS = 200;
const LOOK_MS = 1000;
/** How often it looks for chunks that the queue lost. */
const SEARCH_MS = 3000;
/** After this time without a worker, it reports that. */
const QUIET_MS = 3000;
/** If this many chunks fail and none succeeds, the cause is not in the chunks. */
const HOPELESS = 8;

/** Connects first, so that a wrong address is reported before anything is read. */
export async function connectCoordinator(url: string): Promise<QueueConnection> {
  const connection = await openQueueConnection(url);
  for (const warning of connection.warnings) warn(warning);
  return connection;
}

/**
 * Puts the chunks on a queue, collects the results of workers, and puts the whole result in its
 * place. Chunks in the work folder are finished. The queue only distributes the others, and may
 * lose them.
 */
export async function coordinate(batch: QueuedBatch): Promise<BatchResult> {
  const coordinator = new Coordinator(batch);
  try {
    return await coordinator.run();
  } finally {
    await coordinator.close();
  }
}

class Coordinator {
  readonly #queue: BatchQueue;
  readonly #outstanding = new Map<number, ChunkPlace>();
  readonly #failed = new Map<number, string>();
  readonly #tally = { rows: 0, before: 0, failed: 0, succeeded: 0 };
  readonly #totalBytes: number;
  #places: AsyncGenerator<ChunkPlace>;
  #bytes = 0;
  #count = 0;
  #split = false;
  #listedFiles = 0;
  #workers = 0;
  #told: string | undefined;
  #away = false;
  #searched = performance.now();
  #taking = Promise.resolve();

  constructor(private readonly batch: QueuedBatch) {
    const { connection, order, attempts, files, chunkRows: rows, limit, where } = batch;
    const { inbox: folder, objects } = batch;
    this.#queue = new BatchQueue(connection, order, attempts, () => this.#tellAway());
    const share = objects && ((unpacked: Unpacked) => objects.share(unpacked));
    this.#places = splitFiles(files, { rows, limit, where, folder, share });
    this.#totalBytes = Math.max(
      1,
      files.reduce((sum, { size }) => sum + size, 0),
    );
  }

  async run(): Promise<BatchResult> {
    const { batch } = this;
    const { order, inbox, objects } = batch;
    await writeFile(join(inbox, MARK), markOf(order.id));
    await objects?.begin(batch.restart);
    // Chunks that an earlier run left there are finished.
    await this.#take(true);
    await this.#queue.begin(batch.earlier);
    const start = performance.now();
    let looked = start;
    let filling: Promise<void> | undefined;
    let failure: { readonly error: unknown } | undefined;
    let looking: Promise<void> | undefined;
    const caught = (error: unknown): void => void (failure ??= { error });
    while (!this.#isOver()) {
      // An unreachable queue must not prevent it from collecting finished chunks.
      filling ??= this.#fill()
        .catch(caught)
        .then(() => (filling = undefined));
      await setTimeout(TICK_MS);
      await this.#take();
      if (failure) throw failure.error;
      if (performance.now() - looked < LOOK_MS) continue;
      looked = performance.now();
      looking ??= this.#look(looked - start > QUIET_MS)
        .catch(caught)
        .then(() => (looking = undefined));
    }
    if (this.#failed.size > 0) {
      const failed = [...this.#failed].map(([number, reason]) => {
        return [number, this.#outstanding.get(number)!, reason] as const;
      });
      throw failuresOf(failed, batch.where !== undefined);
    }
    await filling;
    const result = await merge(batch, this.#count, this.#tally);
    await this.#remove();
    return result;
  }

  async close(): Promise<void> {
    await this.#places.return(undefined);
    await this.#queue.close();
  }

  #isOver(): boolean {
    if (this.#failed.size >= HOPELESS && this.#tally.rows === this.#tally.before) return true;
    return this.#split && this.#outstanding.size === this.#failed.size;
  }

  /** Puts chunks on the queue, up to the limit. */
  async #fill(): Promise<void> {
    const { folder } = this.batch;
    while (!this.#split && this.#room()) {
      const { value: place, done } = await this.#places.next();
      if (done === true) {
        this.#split = true;
        return;
      }
      const number = this.#count++;
      if (folder.isDone(number)) {
        this.#tally.before += await this.#tell(place, number);
        continue;
      }
      this.#outstanding.set(number, place);
      this.#listedFiles += place.files.length;
      await this.#add([[number, place]]);
    }
  }

  #room(): boolean {
    return this.#outstanding.size < MOST_CHUNKS && this.#listedFiles < MOST_FILES;
  }

  async #add(chunks: readonly NumberedPlace[]): Promise<void> {
    await this.#queue.add(chunks);
    this.#away = false;
  }

  /** Collects the chunks that workers have put into the folder. Only one call runs at a time. */
  #take(now = false): Promise<void> {
    const taken = this.#taking.then(() => this.#takeNext(now));
    this.#taking = taken.catch(() => undefined);
    return taken;
  }

  async #takeNext(now: boolean): Promise<void> {
    const { folder, inbox, objects } = this.batch;
    await objects?.fetch(now);
    const numbers = await folder.takeFrom(inbox);
    await objects?.forget();
    for (const number of numbers) {
      const found = this.#outstanding.get(number);
      // Two workers did it, or a worker was faster than this process noticed.
      if (!found) continue;
      this.#outstanding.delete(number);
      this.#failed.delete(number);
      this.#listedFiles -= found.files.length;
      await this.#tell(found, number);
      refuseTooMany(this.batch, this.#tally, undefined);
    }
  }

  /** @returns Its rows. */
  async #tell(place: ChunkPlace, number: number): Promise<number> {
    const { folder, sink, where } = this.batch;
    const failed = await linesIn(folder.errorsOf(number));
    // Only the worker knows how many rows a condition accepts, and the file that it wrote.
    const succeeded = where ? await sink.rowsIn(folder.rowsOf(number)) : place.take - failed;
    this.#tally.rows += succeeded + failed;
    this.#tally.failed += failed;
    this.#tally.succeeded += succeeded;
    this.#bytes += place.bytes;
    this.batch.onProgress(this.#progress());
    return succeeded + failed;
  }

  #progress(): BatchProgress & { readonly workers: number } {
    const share = Math.min(1, this.#bytes / this.#totalBytes);
    return { ...this.#tally, share, workers: this.#workers };
  }

  /** Checks the queue: chunks that failed, chunks that it lost, and the workers. */
  async #look(isLate: boolean): Promise<void> {
    const { order, connection } = this.batch;
    if (await this.#queue.isCancelled()) await this.#cancelled();
    await this.#queue.announce();
    const { rows, before, failed, share, workers: count } = this.#progress();
    await this.#queue.note({
      rows,
      before,
      failed,
      share,
      workers: count,
      chunks: this.#count,
      left: this.#outstanding.size,
      split: this.#split,
    });
    // Somebody may have requested a retry.
    this.#failed.clear();
    for (const [number, reason] of await this.#queue.failed()) {
      if (this.#outstanding.has(number)) this.#failed.set(number, reason);
    }
    if (performance.now() - this.#searched > SEARCH_MS) await this.#search();
    const workers = await this.#queue.workers();
    this.#workers = workers.filter(({ batches }) => batches.includes(order.id)).length;
    if (!isLate) return;
    const lack = lackOfWorkers(workers, order, connection.shown);
    if (lack !== undefined && lack !== this.#told) warn(lack);
    this.#told = lack;
  }

  async #cancelled(): Promise<never> {
    await this.#queue.forgetCancelled();
    await this.#take(true);
    await this.#remove();
    throw new CommandError(
      'The batch was cancelled by "vts queue cancel"',
      'The same command resumes where it stopped',
    );
  }

  /** Redis may lose the last second with an append-only file, and everything without one. */
  async #search(): Promise<void> {
    this.#searched = performance.now();
    const lost = await this.#queue.lost([...this.#outstanding.keys()]);
    if (lost.length === 0) return;
    // A chunk that was just finished has left the queue and is in the folder.
    await this.#take(true);
    const chunks = lost.flatMap((number) => {
      const found = this.#outstanding.get(number);
      return found ? [[number, found] as const] : [];
    });
    if (chunks.length > 0) await this.#add(chunks);
  }

  #tellAway(): void {
    if (this.#away) return;
    this.#away = true;
    warn(`The Redis server at ${this.batch.connection.shown} does not answer; waiting for it.`);
  }

  /** Removes everything from the queue, and the workers' files from S3. */
  async #remove(): Promise<void> {
    await this.#queue.remove();
    const { objects } = this.batch;
    await objects?.remove().catch((error: unknown) => {
      // The output is complete anyway.
      warn(`Keys below ${objects.path} remain on S3: ${describeFailure(error)}`);
    });
  }
}
