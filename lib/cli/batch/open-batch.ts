import { createHash } from 'node:crypto';
import { stat } from 'node:fs/promises';
import { packageVersion } from '../../learner/runtime/package-version.js';
import { FASTAI } from '../../serving/models/fastai/rules.js';
import type { KeepableOptions } from '../../serving/models/kept/keep-options.js';
import type { FastaiRunner, LanguageModelRunner } from '../../serving/models/fastai/types.js';
import { usableCores } from '../../serving/runner/pool/cores.js';
import type { RunnerHandle } from '../../serving/runner/runner-types.js';
import type { Model } from '../../serving/store/index.js';
import { callMethod, moduleBody, outputOf } from '../../nest/served-model/module-body.js';
import { whatItIs } from '../describe.js';
import { CommandError } from '../errors.js';
import { PrivateStore } from '../serve/private-store.js';
import type { Source } from '../source/source.js';
import { availableColumns } from './available-columns.js';
import { neededColumns, type ItemRules } from './batch-items.js';
import { findFiles, type BatchFile } from './files.js';
import { layoutOf, PARTS, type Layout } from './layout.js';
import { MaskFolder } from './masks.js';
import { outputPath } from './put-result.js';
import { knownObjects } from './read-item.js';
import { parquetColumns } from './read-parquet.js';
import { runBatch, type BatchPlan, type BatchProgress, type BatchResult } from './run-batch.js';
import { languageScorer, learnerScorer, moduleScorer, type Scorer } from './scorer.js';
import type { BatchSettings, ScoreSettings } from './settings.js';
import { sinkOf } from './sinks.js';
import type { ChunkPlace } from './places/place.js';
import { RowFilter } from './where/row-filter.js';
import { batchRunner, runTask, worksAlone } from './worker/chunk-workers.js';
import type { ChunkRules } from './worker/task.js';
import { WorkFolder } from './work-folder.js';

export interface OpenBatch {
  run(onProgress: (progress: BatchProgress) => void): Promise<BatchResult>;
  release(): Promise<void>;
}

/** Rows per chunk by the kind of learner: a few seconds of work. */
const CHUNK_ROWS: Readonly<Record<string, number>> = {
  tabular: 32_768,
  collab: 32_768,
  text: 4096,
  vision: 1024,
};
const OTHER_ROWS = 512;
/** Files that a manifest names. */
const MOST_LISTED = 1000;

/** Opens the model, finds the input, and locks the output for this process. */
export async function openBatch(
  source: Source,
  inputs: readonly string[],
  settings: BatchSettings,
): Promise<OpenBatch> {
  const { queue } = settings;
  const queued = queue && (await (await import('./queue/open-queued.js')).openQueued(queue));
  const model = source.model ?? (await storedModel(source, settings.load));
  const workers = queued ? 1 : (settings.workers ?? Math.max(1, Math.floor(usableCores())));
  const runner = batchRunner(model, workers);
  try {
    await runner.open();
    const { rules, scorer } = await openScorer(model, runner, settings);
    const files = await findFiles(inputs, rules.kind, settings.format);
    const plan = await planOf(files, rules, scorer, settings);
    const alone = files.every((file) => worksAlone(runner, file))
      ? (place: ChunkPlace) =>
          runTask(runner, { rules: chunkRules(plan, settings), place, shown: place.files[0]!.path })
      : undefined;
    const folder = await WorkFolder.take(
      { output: settings.out, parent: settings.work },
      {
        model: [String(source.model?.tag ?? source.from), await identity(source.file)],
        input: inputOf(files),
        options: optionsOf(settings, plan.chunkRows),
        version: packageVersion() ?? 'unknown',
      },
      settings.restart,
    );
    return {
      run: async (onProgress) => {
        const calls = 2 * workers;
        const all = { ...plan, scorer, folder, calls, onProgress, alone };
        const tag = String(source.model?.tag ?? source.from);
        const result = await (queued ? queued.run(all, model, tag, settings) : runBatch(all));
        await folder.remove();
        return result;
      },
      release: async () => {
        await folder.release();
        await runner.close();
      },
    };
  } catch (error) {
    await runner.close();
    throw error;
  }
}

async function storedModel(
  { file, name, versions, load: kept }: Source,
  load: KeepableOptions,
): Promise<Model> {
  const own = await PrivateStore.create();
  return own.addFile(name, file, versions, { ...kept, ...load });
}

/** The scorer of a model whose runner is open. @throws CommandError for settings of other kinds. */
export async function openScorer(
  model: Model,
  runner: RunnerHandle,
  settings: ScoreSettings,
): Promise<{ rules: ItemRules; scorer: Scorer }> {
  const { column, embeddings } = settings;
  if (!FASTAI.modules.includes(model.info.module)) {
    const { descriptor } = await moduleBody(model);
    const call = runner.method(callMethod(model));
    const parsed = { bytes: undefined, charset: undefined, mediaType: undefined };
    const run = async (item: unknown): Promise<unknown> => {
      const tensors: unknown = await descriptor.parse({ ...parsed, parsed: item });
      return outputOf(await call.run(tensors, { timeoutMs: 0 }));
    };
    refuseEmbeddings(settings, undefined);
    return { rules: { kind: 'module', schema: undefined, column }, scorer: moduleScorer(run) };
  }
  const { description } = runner as FastaiRunner;
  const { kind } = description;
  if (kind === 'lm') {
    const scorer = languageScorer(runner as LanguageModelRunner, settings, embeddings);
    return { rules: { kind, schema: undefined, column }, scorer };
  }
  refuseEmbeddings(settings, description);
  const { schema } = runner as FastaiRunner;
  const scorer = learnerScorer(runner as FastaiRunner<unknown, unknown>);
  return { rules: { kind, schema, column }, scorer };
}

function refuseEmbeddings(
  { embeddings, words, stop, temperature, minP, seed }: ScoreSettings,
  description: Parameters<typeof whatItIs>[0],
): void {
  const given = { words, stop, temperature, 'min-p': minP, seed };
  const option = embeddings
    ? '--embeddings'
    : Object.entries(given).find(([, value]) => value !== undefined)?.[0];
  if (option === undefined) return;
  const name = option.startsWith('--') ? option : `--${option}`;
  throw new CommandError(
    `${name} is for language models, and this is ${whatItIs(description)}`,
    `Omit ${name}`,
  );
}

type InputPlan = Omit<BatchPlan, 'scorer' | 'folder' | 'calls' | 'onProgress' | 'alone'>;

async function planOf(
  files: readonly BatchFile[],
  rules: ItemRules,
  scorer: Scorer,
  settings: BatchSettings,
): Promise<InputPlan> {
  const { out, keep, columns = PARTS } = settings;
  const chunkRows = settings.chunk ?? CHUNK_ROWS[rules.kind] ?? OTHER_ROWS;
  const limit = settings.limit ?? Infinity;
  const where = settings.where === undefined ? undefined : new RowFilter(settings.where);
  // The rows that match a condition are unknown until they are read.
  const available = await availableColumns(files, where ? Infinity : limit);
  where?.check(available);
  const needed = neededColumns(rules, available, files[0]!.path);
  const elements = await commonElements(files);
  const layout: Layout = layoutOf(available, keep, columns, scorer.shape, elements);
  const output = outputPath(out);
  const { prediction } = scorer.shape;
  const isDrawn = prediction === 'mask' || prediction === 'image';
  return {
    files,
    rules: { ...rules, needed, objects: knownObjects(files) },
    layout,
    sink: sinkOf(out),
    masks: isDrawn ? new MaskFolder(output, process.cwd(), prediction) : undefined,
    output,
    overwrite: settings.force,
    names:
      needed &&
      new Set([...needed, ...layout.kept.map(({ name }) => name), ...(where?.names ?? [])]),
    chunkRows,
    where,
    limit,
    maxErrors: settings.maxErrors ?? Infinity,
  };
}

function chunkRules(
  { rules, names, layout, chunkRows, output }: InputPlan,
  { column, columns: parts = PARTS, where }: BatchSettings,
): ChunkRules {
  const { needed } = rules;
  const { kept } = layout;
  return { column, needed, names: names && [...names], kept, parts, where, chunkRows, output };
}

/** The types of columns that are the same in all files; others are written as texts. */
async function commonElements(
  files: readonly BatchFile[],
): Promise<Awaited<ReturnType<typeof parquetColumns>>> {
  if (!files.every(({ format }) => format === 'parquet')) return [];
  let common = await parquetColumns(files[0]!);
  for (const file of files.slice(1)) {
    const own = new Map((await parquetColumns(file)).map((element) => [element.name, element]));
    common = common.filter((element) => {
      const other = own.get(element.name);
      return (
        other !== undefined &&
        other.type === element.type &&
        other.converted_type === element.converted_type
      );
    });
  }
  return common;
}

/** Identifies the input. Many files become a digest, because a list of them would fill the memory. */
function inputOf(files: readonly BatchFile[]): unknown {
  const facts = ({ path, size, mtimeMs, etag, format }: BatchFile): unknown[] => [
    path,
    format,
    size,
    etag ?? mtimeMs,
  ];
  if (files.length <= MOST_LISTED) return files.map(facts);
  const hash = createHash('sha256');
  for (const file of files) hash.update(`${JSON.stringify(facts(file))}\n`);
  return { files: files.length, sha256: hash.digest('hex') };
}

function optionsOf(settings: BatchSettings, chunkRows: number): object {
  const {
    out: _out,
    force: _force,
    restart: _restart,
    workers: _workers,
    maxErrors: _max,
    queue: _queue,
    work: _work,
    ...rest
  } = settings;
  return {
    ...rest,
    chunk: chunkRows,
    load: Object.keys(settings.load).length > 0 ? settings.load : undefined,
  };
}

async function identity(file: string): Promise<readonly number[]> {
  const { size, mtimeMs } = await stat(file);
  return [size, mtimeMs];
}
