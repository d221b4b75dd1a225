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

/** A batch whose chunks are predicted by workers. */
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
  /** The folder in which workers put chunks, or that takes those which they put on S3. */
  readonly inbox: string;
  readonly objects?: S3Inbox | undefined;
  /** Ids of runs before `--restart`, of which nothing is to be left on the queue. */
  readonly earlier: readonly string[];
  /** Whether to forget what workers have put on S3. */
  readonly restart: boolean;
  /** How often a chunk is tried. */
  readonly attempts: number;
}

/** Chunks on the queue at a time, and files of items that they name. */
const MOST_CHUNKS = 256;
const MOST_FILES = 65_536;
const TICK_MS = 200;
const LOOK_MS = 1000;
/** Chunks that the queue lost are looked for that often. */
const SEARCH_MS = 3000;
/** After so long without a worker, one is told. */
const QUIET_MS = 3000;
/** So many failures and no success are not the chunks'. */
const HOPELESS = 8;

/** Connects, so that an address that is wrong is told before anything is read. */
export async function connectCoordinator(url: string): Promise<QueueConnection> {
  const connection = await openQueueConnection(url);
  for (const warning of connection.warnings) warn(warning);
  return connection;
}

/**
 * Puts the chunks on a queue, takes what workers make of them, and puts the result in its place. What
 * is in the work folder is done; the queue only hands out the rest, and may forget it.
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
    // Chunks that an earlier run left there are done.
    await this.#take(true);
    await this.#queue.begin(batch.earlier);
    const start = performance.now();
    let looked = start;
    let filling: Promise<void> | undefined;
    let failure: { readonly error: unknown } | undefined;
    let looking: Promise<void> | undefined;
    const caught = (error: unknown): void => void (failure ??= { error });
    while (!this.#isOver()) {
      // A queue that is away must not keep it from taking what is done.
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

  /** Puts chunks on the queue, as many as may be there. */
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

  /** Takes the chunks that workers have put into the folder, once at a time. */
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
      // It was done twice, or a worker was faster than this process noticed.
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
    // How many a condition leaves is known to the worker, and to the file that it wrote.
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

  /** Sees to what is on the queue: chunks that failed, chunks that it lost, who works. */
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
    // Somebody may have had workers try them again.
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

  /** An append-only file may lack the last second, and a server without one everything. */
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

  /** Leaves nothing on the queue, and nothing of workers on S3. */
  async #remove(): Promise<void> {
    await this.#queue.remove();
    const { objects } = this.batch;
    await objects?.remove().catch((error: unknown) => {
      // The output is there all the same.
      warn(`Keys below ${objects.path} remain on S3: ${describeFailure(error)}`);
    });
  }
}
