import { stat } from 'node:fs/promises';
import { join, relative, sep } from 'node:path';
import { shortened, VtsError } from '../../../learner/errors/index.js';
import { packageVersion } from '../../../learner/runtime/package-version.js';
import { hasCode } from '../../../serving/store/durable.js';
import type { RunnerHandle } from '../../../serving/runner/runner-types.js';
import type { Model } from '../../../serving/store/index.js';
import type { BytesOf } from '../../predict/read-stream.js';
import { isS3 } from '../../s3/address.js';
import type { InputRules } from '../batch-items.js';
import { cellOf, type Chunk } from '../chunk.js';
import { defined } from '../defined.js';
import type { BatchFile } from '../files.js';
import { layoutWith, type OutputColumn } from '../layout.js';
import type { Limit } from '../limit.js';
import { MaskFolder } from '../masks.js';
import { openScorer } from '../open-batch.js';
import { readPlace } from '../places/read-place.js';
import type { ChunkPlace } from '../places/place.js';
import { predictChunk, putDone, type ChunkDone, type ChunkPlan } from '../predict-chunk.js';
import { besideFile, ItemFileError, knownObjects } from '../read-item.js';
import { PATH } from '../read-items.js';
import { sinkOf } from '../sinks.js';
import { RowFilter } from '../where/row-filter.js';
import { runTask, worksAlone } from '../worker/chunk-workers.js';
import type { ChunkTask } from '../worker/task.js';
import { chunkFolder, InputChangedError, type ChunkFolder } from './chunk-folder.js';
import { lackOf, type LoadedModels, type WorkerModels } from './models.js';
import type { BatchOrder, ChunkJob, ChunkResult, FilePayload } from './payload.js';
import { WHOLE, type Root } from './roots.js';

/** This worker cannot do a batch and leaves it to others. */
export class BatchNotHereError extends VtsError {
  constructor(reason: string) {
    super(reason);
  }
}

/** Some file systems have coarse time stamps. */
const COARSE_MS = 2000;

/** A batch that this worker can do. */
export class BatchAtWork {
  private constructor(
    readonly order: BatchOrder,
    private readonly model: Model,
    private readonly root: Root,
    private readonly folder: ChunkFolder,
    private readonly output: string,
    private readonly where: RowFilter | undefined,
  ) {}

  /** @throws BatchNotHereError if only others can do it, and the errors of paths and conditions. */
  static async open(order: BatchOrder, models: WorkerModels, root: Root): Promise<BatchAtWork> {
    const own = packageVersion() ?? 'unknown';
    if (order.version !== own) {
      throw new BatchNotHereError(
        `The batch is of version ${order.version} of nestjs-vts, but this worker has ${own}. Install the same.`,
      );
    }
    const path = await root.locate(order.folder, order.root).catch(() => undefined);
    const folder = path === undefined ? undefined : chunkFolder(path, order.id);
    if (!folder || !(await folder.isThere())) {
      const advice = isS3(order.folder) ? 'Start' : "Mount the coordinator's folder, and start";
      throw new BatchNotHereError(
        `The folder ${order.folder} of the batch is not in ${root.shown}. ${advice} the worker with --root.`,
      );
    }
    const output = await root.locate(order.output, order.root);
    sinkOf(output);
    const model = await models.find(order.model);
    if (!model) throw new BatchNotHereError(lackOf(order.model, await models.similar(order.model)));
    const where = order.where === undefined ? undefined : new RowFilter(order.where);
    return new BatchAtWork(order, model, root, folder, output, where);
  }

  /** Predicts from a chunk and puts its rows into the batch's folder. */
  async run(job: ChunkJob, loaded: LoadedModels, calls: Limit): Promise<ChunkResult> {
    const { model, folder } = this;
    const { unpacked } = job.place;
    const bytes = unpacked && (await folder.unpacked(unpacked));
    const files = await Promise.all(job.place.files.map((file) => this.#fileOf(file)));
    const place: ChunkPlace = { ...job.place, files, bytes: 0 };
    return loaded.use(model, async (runner) => {
      const { rows, ...done } = worksAlone(runner, files[0]!)
        ? await runTask(runner, this.#taskOf(place, job.place.files, bytes))
        : await this.#predict(runner, calls, place, job.place.files, bytes);
      const faults = done.faults.map((fault) => ({ ...fault, reason: this.#told(fault.reason) }));
      const finish = folder.put.bind(folder);
      await putDone({ finish }, job.chunk, { ...done, rows, faults });
      return { rows, failed: faults.length };
    });
  }

  /** Reads the chunk in this process, and lets all threads predict its rows. */
  async #predict(
    runner: RunnerHandle,
    calls: Limit,
    place: ChunkPlace,
    named: readonly FilePayload[],
    bytes: BytesOf | undefined,
  ): Promise<ChunkDone> {
    const { order, model, output } = this;
    const { parts, needed, column, embeddings, names, chunkRows } = order;
    const { words, temperature, minP, seed, stop } = order;
    const settings = defined({ words, temperature, minP, seed, stop });
    const { rules, scorer } = await openScorer(model, runner, { ...settings, column, embeddings });
    const read = await readPlace(place, chunkRows, names && new Set(names), () => bytes!);
    const here: InputRules = {
      ...rules,
      needed,
      objects: knownObjects(place.files),
      locate: (path) => this.#locate(path),
    };
    const plan: ChunkPlan = {
      rules: here,
      scorer,
      layout: layoutWith(this.#kept, parts, scorer.shape),
      sink: sinkOf(output),
      masks:
        order.masks === undefined
          ? undefined
          : new MaskFolder(output, order.masks, scorer.shape.prediction),
    };
    const shown = this.#named(read, named);
    const chunk = await this.#withinRoot(this.where?.apply(shown) ?? shown, here);
    return predictChunk(plan, calls, chunk, Math.min(chunk.rows, place.take));
  }

  #taskOf(
    place: ChunkPlace,
    [file]: readonly FilePayload[],
    unpacked: BytesOf | undefined,
  ): ChunkTask {
    const { column, needed, names, parts, where, chunkRows } = this.order;
    const { output } = this;
    const kept = this.#kept;
    return {
      rules: { column, needed, names, kept, parts, where, chunkRows, output },
      place,
      shown: this.#shown(file!),
      unpacked,
    };
  }

  get #kept(): OutputColumn[] {
    return this.order.kept.map(defined) as unknown as OutputColumn[];
  }

  /** A reason, with local paths replaced by the coordinator's. */
  #told(reason: string): string {
    const { root, order } = this;
    return root.folder === undefined || order.root === WHOLE
      ? reason
      : reason.replaceAll(join(root.folder, sep), join(order.root, sep));
  }

  /** @throws OutsideRootError, InputChangedError: for objects, whoever reads them. */
  async #fileOf({ path: below, partition, ...rest }: FilePayload): Promise<BatchFile> {
    const path = await this.root.locate(below, this.order.root);
    if (isS3(path)) return { ...rest, path, partition: new Map(partition) };
    const found = await stat(path).catch(() => undefined);
    const isSame = found?.size === rest.size && Math.abs(found.mtimeMs - rest.mtimeMs) <= COARSE_MS;
    // A changed picture affects only its own row. In a changed file of rows, byte ranges no longer
    // fit.
    if (!isSame && rest.format !== 'item') throw new InputChangedError(path);
    return { ...rest, path, partition: new Map(partition) };
  }

  /** The coordinator's name for a file, which the output uses. */
  #shown({ path }: FilePayload): string {
    return isS3(path) ? path : join(this.order.root, path);
  }

  #named(read: Chunk, files: readonly FilePayload[]): Chunk {
    const paths = files.map((each) => this.#shown(each));
    const file = { ...read.file, path: paths[0]! };
    if (file.format !== 'item') return { ...read, file };
    return { ...read, file, columns: new Map([[PATH, { cells: paths }]]) };
  }

  /** The chunk, with an error for each row that names a file outside the roots. */
  async #withinRoot(chunk: Chunk, { kind, needed }: InputRules): Promise<Chunk> {
    const { file, columns } = chunk;
    const column = kind === 'vision' ? columns?.get(needed?.[0] ?? '') : undefined;
    if (!column || file.format === 'item') return chunk;
    const faults = new Map(chunk.faults);
    for (let row = 0; row < chunk.rows; row++) {
      const path = cellOf(column, row);
      if (typeof path !== 'string' || path === '') continue;
      const full = besideOrNone(file, path);
      if (full !== undefined && (await this.#locate(full)) === undefined) {
        const root = isS3(full) ? this.root.shown : this.order.root;
        faults.set(row, `The file ${shortened(full)} is outside ${root}.`);
      }
    }
    return { ...chunk, faults };
  }

  /** The local path of a coordinator's file; undefined if this worker must not read it. */
  async #locate(path: string): Promise<string | undefined> {
    const { order, root } = this;
    const below = isS3(path) ? path : relative(order.root, path);
    try {
      return await root.locate(below, order.root);
    } catch (error) {
      // Reading a missing file reports it.
      return hasCode(error, 'ENOENT') ? join(root.folder ?? order.root, below) : undefined;
    }
  }
}

/**
 * The location of a file that a row names; undefined if it does not name a file, which the reader
 * then reports.
 */
function besideOrNone(file: BatchFile, name: string): string | undefined {
  try {
    return besideFile(file, name);
  } catch (error) {
    if (error instanceof ItemFileError) return undefined;
    throw error;
  }
}
