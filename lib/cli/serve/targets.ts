import { Tag, type Model, type ModelStore } from '../../serving/store/index.js';
import { isTagPart } from '../../serving/store/tag.js';
import { distinctNames } from '../../nest/playground/distinct-names.js';
import { CommandError } from '../errors.js';
import { learnerOptionsOf, refuseForStored, type LearnerFlags } from '../learner-options.js';
import { openStore, type StoreOptions } from '../options.js';
import { warn } from '../output/print.js';
import { resolveSource } from '../source/resolve-source.js';
import { nothingToClean, type Source } from '../source/source.js';

/** A model that is served. */
export interface ServedTarget {
  readonly name: string;
  /** As its runner is injected. */
  readonly tag: string;
  readonly model: Model;
}

/** What is served, and the store that has all of it. */
export interface ServedTargets {
  readonly store: ModelStore;
  readonly targets: readonly ServedTarget[];
  /** Removes what was fetched for this call. */
  cleanup(): Promise<void>;
}

export interface TargetOptions extends StoreOptions, LearnerFlags {
  readonly watch?: boolean | undefined;
  /** A folder of models, in place of targets. */
  readonly modelsDir?: string | undefined;
  /** The name of the one model. */
  readonly modelName?: string | undefined;
}

/** A model to serve, before its name is made distinct. */
interface Candidate {
  /** As the user wrote it. */
  readonly target: string;
  readonly name: string;
  /** Files have none. */
  readonly model?: Model | undefined;
  readonly file: string;
  /** Files of a folder of models have one, so that all copies of a deployment tell the same. */
  readonly version?: string;
  readonly versions: Source['versions'];
}

/**
 * Finds the models to serve. If all targets are tags, they are served from their store, and
 * followed if it is watched. If there are files among them, all are served from a private store of
 * this process.
 *
 * @throws CommandError
 */
export async function findTargets(
  given: readonly string[],
  options: TargetOptions,
): Promise<ServedTargets> {
  const { modelsDir, modelName } = options;
  refuseUseless(given, options);
  if (modelsDir !== undefined) return targetsOfDir(modelsDir, options);
  const sources: Source[] = [];
  for (const target of given) sources.push(await resolveSource(target, options));
  const cleanup = async (): Promise<void> => {
    for (const source of sources) await source.cleanup();
  };
  const candidates = sources.map((source, i): Candidate => ({ ...source, target: given[i]! }));
  const file = candidates.find(({ model }) => model === undefined);
  refuseFlags(candidates, options);
  if (file === undefined && modelName === undefined) {
    const names = distinctNames(candidates.map(({ name }) => name));
    const targets = candidates.map(({ target, model }, i) => {
      return { name: names[i]!, tag: String(Tag.parse(target)), model: model! };
    });
    return { store: await openStore(options), targets, cleanup };
  }
  if (options.watch === true) {
    throw new CommandError(
      file === undefined
        ? '--watch follows the versions of a name, but --model-name gives another'
        : `--watch follows the versions of a store, but ${file.target} is not in one`,
      file === undefined ? 'Leave one out' : 'Serve only tags, or leave --watch out',
    );
  }
  return placed(candidates, options, cleanup);
}

/** @throws CommandError */
function refuseUseless(given: readonly string[], options: TargetOptions): void {
  const { modelsDir, modelName, watch } = options;
  if (modelsDir === undefined && given.length === 0) {
    throw new CommandError(
      'No model is given',
      'Name files or folders of learners, tags or URLs, or a folder of models with --models-dir',
    );
  }
  if (modelsDir !== undefined && given.length > 0) {
    throw new CommandError(
      `--models-dir and ${given[0]} are both given`,
      'Put all models into the folder, or name all of them',
    );
  }
  if (modelsDir !== undefined && watch === true) {
    throw new CommandError(
      '--watch follows the versions of a store, but --models-dir reads a folder once',
      'Serve the tags of the store with --home, or leave --watch out',
    );
  }
  if (modelName === undefined) return;
  if (given.length > 1) {
    throw new CommandError(
      `--model-name names one model, but ${given.length} are given`,
      'Leave it out: several are named by their files, folders or tags',
    );
  }
  if (!isTagPart(modelName)) {
    throw new CommandError(
      `--model-name is "${modelName}"`,
      'Use 1 to 63 lower-case letters, digits, "-", "_" or "."',
    );
  }
}

/** @throws CommandError for options of files, where a model has been saved with its own. */
function refuseFlags(candidates: readonly Candidate[], options: TargetOptions): void {
  const stored = candidates.find(({ model }) => model !== undefined);
  if (stored) refuseForStored(options, stored.target, 'serve the file');
}

async function targetsOfDir(dir: string, options: TargetOptions): Promise<ServedTargets> {
  const { readModelsDir } = await import('../source/models-dir.js');
  const found = await readModelsDir(dir);
  const { PrivateStore } = await import('./private-store.js');
  const own = await PrivateStore.create();
  const candidates: Candidate[] = [];
  for (const each of found) {
    if (each.kind === 'file') {
      if (each.note !== undefined) warn(each.note);
      candidates.push({ ...each, target: each.file, version: FILE });
      continue;
    }
    const model = each.kind === 'stored' ? each.model : await own.addArchive(each.file);
    const target = String(model.tag);
    candidates.push({ target, name: model.tag.name, model, file: model.path, versions: {} });
  }
  refuseFlags(candidates, options);
  return placed(candidates, options, nothingToClean, own);
}

/** The version of a file: programs such as perf_analyzer read a version as a number. */
const FILE = '1';

/** Puts all into a store of this process. */
async function placed(
  candidates: readonly Candidate[],
  options: TargetOptions,
  cleanup: () => Promise<void>,
  given?: import('./private-store.js').PrivateStore,
): Promise<ServedTargets> {
  const { PrivateStore } = await import('./private-store.js');
  const own = given ?? (await PrivateStore.create());
  const { modelName } = options;
  const named = modelName !== undefined && candidates.length === 1;
  if (modelName !== undefined && !named) {
    warn(
      `--model-name ${modelName} names one model, but there are ${candidates.length}, so they keep their names`,
    );
  }
  const names = named ? [modelName] : distinctNames(candidates.map(({ name }) => name));
  const targets: ServedTarget[] = [];
  for (const [i, { model: stored, file, version, versions }] of candidates.entries()) {
    const name = names[i]!;
    const model = stored
      ? await own.addModel(stored, name)
      : await own.addFile(
          new Tag(name, version ?? FILE),
          file,
          versions,
          learnerOptionsOf(options),
        );
    targets.push({ name, tag: String(model.tag), model });
  }
  return { store: own.store, targets, cleanup };
}
