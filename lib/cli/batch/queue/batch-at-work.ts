import { readFile, stat } from 'node:fs/promises';
import { dirname, join, relative, resolve, sep } from 'node:path';
import { shortened, VtsError } from '../../../learner/errors/index.js';
import { packageVersion } from '../../../learner/runtime/package-version.js';
import { hasCode } from '../../../serving/store/durable.js';
import type { Model } from '../../../serving/store/index.js';
import type { InputRules } from '../batch-items.js';
import { cellOf, type Chunk } from '../chunk.js';
import { defined } from '../defined.js';
import type { BatchFile } from '../files.js';
import { layoutWith, type OutputColumn } from '../layout.js';
import type { Limit } from '../limit.js';
import { MaskFolder } from '../masks.js';
import { openScorer, sinkOf } from '../open-batch.js';
import { PATH } from '../read-items.js';
import { finishChunk, type ChunkPlan } from '../run-batch.js';
import { putChunk } from '../work-folder.js';
import { lackOf, type LoadedModels, type WorkerModels } from './models.js';
import { MARK } from './names.js';
import type { BatchOrder, ChunkJob, ChunkResult, FilePayload, PlacePayload } from './payload.js';
import { readPlace } from './read-place.js';
import type { Root } from './roots.js';

/** A worker leaves a batch to others. */
export class BatchNotHereError extends VtsError {
  constructor(reason: string) {
    super(reason);
  }
}

/** A file is not what it was when the batch began. */
export class InputChangedError extends VtsError {
  constructor(path: string) {
    super(`The file ${path} is not what it was when the batch began. Begin again with --restart.`);
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
    private readonly folder: string,
    private readonly output: string,
  ) {}

  /** @throws BatchNotHereError where others are to do it, and the errors of paths. */
  static async open(order: BatchOrder, models: WorkerModels, root: Root): Promise<BatchAtWork> {
    const own = packageVersion() ?? 'unknown';
    if (order.version !== own) {
      throw new BatchNotHereError(
        `The batch is of version ${order.version} of nestjs-vts, and this is ${own}. Install the same.`,
      );
    }
    const folder = await root.locate(order.folder, order.root).catch(() => undefined);
    const mark = folder && (await readFile(join(folder, MARK), 'utf8').catch(() => undefined));
    if (folder === undefined || mark !== JSON.stringify({ id: order.id })) {
      throw new BatchNotHereError(
        `The folder ${order.folder} of the batch is not in ${root.folder}. Mount what the coordinator has, and give --root.`,
      );
    }
    const output = await root.locate(order.output, order.root);
    sinkOf(output);
    const model = await models.find(order.model);
    if (!model) throw new BatchNotHereError(lackOf(order.model, await models.similar(order.model)));
    return new BatchAtWork(order, model, root, folder, output);
  }

  /** Predicts from a chunk and puts its rows into the batch's folder. */
  async run(job: ChunkJob, loaded: LoadedModels, calls: Limit): Promise<ChunkResult> {
    const { order, model, root, folder, output } = this;
    const { kept, parts, needed, column, embeddings, names, chunkRows } = order;
    const { place } = job;
    const files = await Promise.all(place.files.map((file) => this.#fileOf(file)));
    return loaded.use(model, async (runner) => {
      const { words, temperature, minP, seed, stop } = order;
      const settings = defined({ words, temperature, minP, seed, stop });
      const { rules, scorer } = await openScorer(model, runner, {
        ...settings,
        column,
        embeddings,
      });
      const read = await readPlace({ ...place, files }, chunkRows, names && new Set(names));
      const here: InputRules = { ...rules, needed, locate: (path) => this.#locate(path) };
      const plan: ChunkPlan = {
        rules: here,
        scorer,
        layout: layoutWith(kept.map(defined) as unknown as OutputColumn[], parts, scorer.shape),
        sink: sinkOf(output),
        masks: order.masks === undefined ? undefined : new MaskFolder(output, order.masks),
        folder: { finish: (number, errors, write) => putChunk(folder, number, errors, write) },
        told: (reason) => reason.replaceAll(join(root.folder, sep), join(order.root, sep)),
      };
      const chunk = await this.#asCoordinator(read, place, here);
      const work = { chunk, rows: place.take, number: job.chunk };
      const faults = await finishChunk(plan, calls, work);
      return { rows: place.take, failed: faults.length };
    });
  }

  /** @throws OutsideRootError, InputChangedError */
  async #fileOf({ path: below, partition, ...rest }: FilePayload): Promise<BatchFile> {
    const path = await this.root.locate(below, this.order.root);
    const found = await stat(path).catch(() => undefined);
    const isSame = found?.size === rest.size && Math.abs(found.mtimeMs - rest.mtimeMs) <= COARSE_MS;
    // A picture that is gone is a matter of its row; rows of a file are where its bytes were.
    if (!isSame && rest.format !== 'item') throw new InputChangedError(path);
    return { ...rest, path, partition: new Map(partition) };
  }

  /** The chunk with the names that files have for the coordinator: the output has them. */
  async #asCoordinator(read: Chunk, place: PlacePayload, rules: InputRules): Promise<Chunk> {
    const paths = place.files.map(({ path }) => join(this.order.root, path));
    const file = { ...read.file, path: paths[0]! };
    if (file.format === 'item') {
      return { ...read, file, columns: new Map([[PATH, { cells: paths }]]) };
    }
    const column = rules.kind === 'vision' ? read.columns?.get(rules.needed?.[0] ?? '') : undefined;
    if (!column) return { ...read, file };
    const faults = new Map(read.faults);
    for (let row = 0; row < place.take; row++) {
      const path = cellOf(column, row);
      if (typeof path !== 'string' || path === '') continue;
      const full = resolve(dirname(file.path), path);
      if ((await this.#locate(full)) === undefined) {
        faults.set(row, `The file ${shortened(full)} is outside of ${this.order.root}.`);
      }
    }
    return { ...read, file, faults };
  }

  /** Where a file is here that the coordinator knows; undefined where it is not to be read. */
  async #locate(path: string): Promise<string | undefined> {
    const { order, root } = this;
    const below = relative(order.root, path);
    try {
      return await root.locate(below, order.root);
    } catch (error) {
      // Reading a missing file reports it.
      return hasCode(error, 'ENOENT') ? join(root.folder, below) : undefined;
    }
  }
}
