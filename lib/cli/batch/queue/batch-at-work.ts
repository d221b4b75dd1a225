import { stat } from 'node:fs/promises';
import { join, relative, sep } from 'node:path';
import { shortened, VtsError } from '../../../learner/errors/index.js';
import { packageVersion } from '../../../learner/runtime/package-version.js';
import { hasCode } from '../../../serving/store/durable.js';
import type { Model } from '../../../serving/store/index.js';
import { isS3 } from '../../s3/address.js';
import type { InputRules } from '../batch-items.js';
import { cellOf, type Chunk } from '../chunk.js';
import { defined } from '../defined.js';
import type { BatchFile } from '../files.js';
import { layoutWith, type OutputColumn } from '../layout.js';
import type { Limit } from '../limit.js';
import { MaskFolder } from '../masks.js';
import { openScorer, sinkOf } from '../open-batch.js';
import { besideFile, ItemFileError, knownObjects } from '../read-item.js';
import { PATH } from '../read-items.js';
import { finishChunk, type ChunkPlan } from '../run-batch.js';
import { RowFilter } from '../where/row-filter.js';
import { chunkFolder, InputChangedError, type ChunkFolder } from './chunk-folder.js';
import { lackOf, type LoadedModels, type WorkerModels } from './models.js';
import type { BatchOrder, ChunkJob, ChunkResult, FilePayload, PlacePayload } from './payload.js';
import { readPlace } from './read-place.js';
import { WHOLE, type Root } from './roots.js';

/** A worker leaves a batch to others. */
export class BatchNotHereError extends VtsError {
  constructor(reason: string) {
    super(reason);
  }
}

/** Time stamps of some file systems are coarse. */
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

  /**
   * @throws BatchNotHereError where others are to do it, and the errors of paths and conditions.
   */
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
      const advice = isS3(order.folder) ? 'Start' : 'Mount what the coordinator has, and start';
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
    const { order, model, root, folder, output } = this;
    const { kept, parts, needed, column, embeddings, names, chunkRows } = order;
    const { place } = job;
    const { unpacked } = place;
    const bytes = unpacked && (await folder.unpacked(unpacked));
    const files = await Promise.all(place.files.map((file) => this.#fileOf(file)));
    return loaded.use(model, async (runner) => {
      const { words, temperature, minP, seed, stop } = order;
      const settings = defined({ words, temperature, minP, seed, stop });
      const { rules, scorer } = await openScorer(model, runner, {
        ...settings,
        column,
        embeddings,
      });
      const read = await readPlace(
        { ...place, files },
        chunkRows,
        names && new Set(names),
        () => bytes!,
      );
      const here: InputRules = {
        ...rules,
        needed,
        objects: knownObjects(files),
        locate: (path) => this.#locate(path),
      };
      const plan: ChunkPlan = {
        rules: here,
        scorer,
        layout: layoutWith(kept.map(defined) as unknown as OutputColumn[], parts, scorer.shape),
        sink: sinkOf(output),
        masks:
          order.masks === undefined
            ? undefined
            : new MaskFolder(output, order.masks, scorer.shape.prediction),
        folder: { finish: (number, errors, write) => folder.put(number, errors, write) },
        told: (reason) =>
          root.folder === undefined || order.root === WHOLE
            ? reason
            : reason.replaceAll(join(root.folder, sep), join(order.root, sep)),
      };
      const named = this.#named(read, place);
      const chunk = await this.#withinRoot(this.where?.apply(named) ?? named, here);
      const rows = Math.min(chunk.rows, place.take);
      const faults = await finishChunk(plan, calls, { chunk, rows, number: job.chunk });
      return { rows, failed: faults.length };
    });
  }

  /** @throws OutsideRootError, InputChangedError: of objects, whoever reads them. */
  async #fileOf({ path: below, partition, ...rest }: FilePayload): Promise<BatchFile> {
    const path = await this.root.locate(below, this.order.root);
    if (isS3(path)) return { ...rest, path, partition: new Map(partition) };
    const found = await stat(path).catch(() => undefined);
    const isSame = found?.size === rest.size && Math.abs(found.mtimeMs - rest.mtimeMs) <= COARSE_MS;
    // A picture that is gone is a matter of its row; rows of a file are where its bytes were.
    if (!isSame && rest.format !== 'item') throw new InputChangedError(path);
    return { ...rest, path, partition: new Map(partition) };
  }

  /** The chunk with the names that files have for the coordinator: the output has them. */
  #named(read: Chunk, place: PlacePayload): Chunk {
    const paths = place.files.map(({ path }) => (isS3(path) ? path : join(this.order.root, path)));
    const file = { ...read.file, path: paths[0]! };
    if (file.format !== 'item') return { ...read, file };
    return { ...read, file, columns: new Map([[PATH, { cells: paths }]]) };
  }

  /** The chunk with a fault for each row that names a file that is not to be read. */
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

  /** Where a file is here that the coordinator knows; undefined where it is not to be read. */
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
 * Where a file is that a row names; undefined for a name of none, which is told where it is read.
 */
function besideOrNone(file: BatchFile, name: string): string | undefined {
  try {
    return besideFile(file, name);
  } catch (error) {
    if (error instanceof ItemFileError) return undefined;
    throw error;
  }
}
