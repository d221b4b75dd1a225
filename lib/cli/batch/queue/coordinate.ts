import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import type { Queue } from 'bullmq';
import { shortened } from '../../../learner/errors/index.js';
import { openQueueConnection, type QueueConnection } from '../../../serving/queue/connection.js';
import { loadBullMQ } from '../../../serving/queue/load.js';
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
import { forgetCancelled, isCancelled, type BatchProgressNote } from './cancel.js';
import { BATCH, BATCHES, CHUNK, chunkJob, chunkOf, chunksQueue, MARK } from './names.js';
import { markOf } from './chunk-folder.js';
import { chunkJobOf } from './order.js';
import type { BatchOrder } from './payload.js';
import type { ChunkPlace } from './place.js';
import { workersOf, type WorkerFacts } from './presence.js';
import type { S3Inbox } from './s3-inbox.js';
import { splitFiles } from './split.js';
import type { Unpacked } from './unpack.js';

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

interface Outstanding {
  readonly place: ChunkPlace;
  readonly bytes: number;
}

class Coordinator {
  readonly #batches: Queue;
  readonly #chunks: Queue;
  readonly #outstanding = new Map<number, Outstanding>();
  readonly #failed = new Map<number, string>();
  readonly #tally = { rows: 0, before: 0, failed: 0, succeeded: 0 };
  readonly #totalBytes: number;
  #places: AsyncGenerator<ChunkPlace>;
  #bytes = 0;
  #count = 0;
  #split = false;
  #listedFiles = 0;
  #workers = 0;
  #told = '';
  #away = false;
  #searched = performance.now();
  #taking = Promise.resolve();

  constructor(private readonly batch: QueuedBatch) {
    const { Queue } = loadBullMQ();
    const { connection, order, files, chunkRows: rows, limit, where } = batch;
    const { inbox: folder, objects } = batch;
    this.#batches = new Queue(BATCHES, { connection: { ...connection.options } });
    this.#chunks = new Queue(chunksQueue(order.id), { connection: { ...connection.options } });
    for (const queue of [this.#batches, this.#chunks]) {
      queue.on('error', () => this.#tellAway());
    }
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
    await forgetCancelled(this.#batches, order.id);
    await writeFile(join(inbox, MARK), markOf(order.id));
    await objects?.begin(batch.restart);
    // Chunks that an earlier run left there are done.
    await this.#take(true);
    await this.#announce();
    // The same command tries again what failed.
    await this.#chunks.clean(0, 100_000, 'failed');
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
    if (this.#failed.size > 0) throw this.#failures();
    await filling;
    const result = await merge(batch, this.#count, this.#tally);
    await this.#remove();
    return result;
  }

  async close(): Promise<void> {
    await this.#places.return(undefined);
    for (const queue of [this.#batches, this.#chunks]) {
      const closed = queue.close().catch(() => undefined);
      // A server that is away does not answer.
      await Promise.race([closed, setTimeout(1000, undefined, { ref: false })]);
      await queue.disconnect().catch(() => undefined);
    }
  }

  #isOver(): boolean {
    if (this.#failed.size >= HOPELESS && this.#tally.rows === this.#tally.before) return true;
    return this.#split && this.#outstanding.size === this.#failed.size;
  }

  /** Tells workers of the batch. */
  async #announce(): Promise<void> {
    const { order } = this.batch;
    const known = await this.#batches.getJob(order.id);
    if (known && JSON.stringify(known.data) !== JSON.stringify(order)) {
      await known.updateData(order);
    }
    await this.#batches.add(BATCH, order, { jobId: order.id });
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
      const bytes = bytesIn(place);
      if (folder.isDone(number)) {
        this.#tally.before += await this.#tell({ place, bytes }, number);
        continue;
      }
      this.#outstanding.set(number, { place, bytes });
      this.#listedFiles += place.files.length;
      await this.#add([[number, place]]);
    }
  }

  #room(): boolean {
    return this.#outstanding.size < MOST_CHUNKS && this.#listedFiles < MOST_FILES;
  }

  async #add(chunks: readonly (readonly [number, ChunkPlace])[]): Promise<void> {
    const { order, attempts } = this.batch;
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
      this.#listedFiles -= found.place.files.length;
      await this.#tell(found, number);
      refuseTooMany(this.batch, this.#tally, undefined);
    }
  }

  /** @returns Its rows. */
  async #tell({ place, bytes }: Outstanding, number: number): Promise<number> {
    const { folder, sink, where } = this.batch;
    const failed = await linesIn(folder.errorsOf(number));
    // How many a condition leaves is known to the worker, and to the file that it wrote.
    const succeeded = where ? await sink.rowsIn(folder.rowsOf(number)) : place.take - failed;
    this.#tally.rows += succeeded + failed;
    this.#tally.failed += failed;
    this.#tally.succeeded += succeeded;
    this.#bytes += bytes;
    this.batch.onProgress(this.#progress());
    return succeeded + failed;
  }

  #progress(): BatchProgress & { readonly workers: number } {
    const share = Math.min(1, this.#bytes / this.#totalBytes);
    return { ...this.#tally, share, workers: this.#workers };
  }

  /** Sees to what is on the queue: chunks that failed, chunks that it lost, who works. */
  async #look(isLate: boolean): Promise<void> {
    const { id } = this.batch.order;
    if (await isCancelled(this.#batches, id)) await this.#cancelled();
    await this.#announce();
    const job = await this.#batches.getJob(id);
    const { rows, before, failed, share, workers: count } = this.#progress();
    const note: BatchProgressNote = {
      rows,
      before,
      failed,
      share,
      workers: count,
      chunks: this.#count,
      left: this.#outstanding.size,
      split: this.#split,
    };
    await job?.updateProgress(note);
    // Somebody may have had workers try them again.
    this.#failed.clear();
    for (const { id: name, failedReason } of await this.#chunks.getFailed(0, MOST_CHUNKS)) {
      const number = chunkOf(name);
      if (number !== undefined && this.#outstanding.has(number)) {
        this.#failed.set(number, failedReason);
      }
    }
    if (performance.now() - this.#searched > SEARCH_MS) await this.#search();
    const workers = await workersOf(this.#batches);
    this.#workers = workers.filter(({ batches }) => batches.includes(id)).length;
    if (isLate) this.#tellWorkers(workers);
  }

  async #cancelled(): Promise<never> {
    await forgetCancelled(this.#batches, this.batch.order.id);
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
    const numbers = [...this.#outstanding.keys()];
    const states = await Promise.all(
      numbers.map((number) => this.#chunks.getJobState(chunkJob(number))),
    );
    const lost = numbers.filter((_, at) => states[at] === 'unknown');
    if (lost.length === 0) return;
    // A chunk that was just finished has left the queue and is in the folder.
    await this.#take(true);
    const chunks = lost.flatMap((number) => {
      const found = this.#outstanding.get(number);
      return found ? [[number, found.place] as const] : [];
    });
    if (chunks.length > 0) await this.#add(chunks);
  }

  /** Says at once that nobody can do the work, and what is missing. */
  #tellWorkers(workers: readonly WorkerFacts[]): void {
    const { connection, order } = this.batch;
    const { tag, digest } = order.model;
    let text = '';
    if (workers.length === 0) {
      text = `No worker listens at ${connection.shown}. Start one: vts worker --queue ${connection.shown} --models-dir FOLDER`;
    } else if (this.#workers === 0) {
      const reasons = workers.flatMap(({ host, lacks }) =>
        lacks.filter(({ batch }) => batch === order.id).map(({ reason }) => `${host}: ${reason}`),
      );
      if (reasons.length === 0) return;
      const count = `${workers.length} ${workers.length === 1 ? 'worker listens' : 'workers listen'}`;
      text = `${count}, and none can predict by ${tag} (sha256 ${digest.slice(0, 12)}…). ${[...new Set(reasons)].slice(0, 3).join(' ')}`;
    }
    if (text !== '' && text !== this.#told) warn(text);
    this.#told = text;
  }

  #tellAway(): void {
    if (this.#away) return;
    this.#away = true;
    warn(`The Redis server at ${this.batch.connection.shown} does not answer; waiting for it.`);
  }

  #failures(): CommandError {
    const failed = [...this.#failed].toSorted(([a], [b]) => a - b);
    const names = failed.map(([number, reason]) => {
      const { files, first, rows, take } = this.#outstanding.get(number)!.place;
      const last = first + (this.batch.where ? rows : take);
      const where = `rows ${first + 1} to ${last} of ${files[0]!.path}`;
      return `chunk ${number} (${where}): ${shortened(reason, 300).replace(/\.$/, '')}`;
    });
    const some = names.slice(0, 3).join('; ');
    const rest = names.length > 3 ? ` and ${names.length - 3} more` : '';
    return new CommandError(
      `${names.length} ${names.length === 1 ? 'chunk' : 'chunks'} failed: ${some}${rest}`,
      'The same command tries them again and keeps finished chunks',
    );
  }

  /** Leaves nothing on the queue, and nothing of workers on S3. */
  async #remove(): Promise<void> {
    const job = await this.#batches.getJob(this.batch.order.id);
    await job?.remove();
    await this.#chunks.obliterate({ force: true });
    const { objects } = this.batch;
    await objects?.remove().catch((error: unknown) => {
      // The output is there all the same.
      warn(`Keys below ${objects.path} remain on S3: ${describeFailure(error)}`);
    });
  }
}

/** The share of a chunk in the input. */
function bytesIn({ files, start, end, rows, at, unpacked }: ChunkPlace): number {
  if (start !== undefined && end !== undefined) {
    return unpacked ? ((end - start) * files[0]!.size) / Math.max(1, unpacked.size) : end - start;
  }
  if (at === undefined) return files.reduce((sum, { size }) => sum + size, 0);
  return rows * 8;
}
