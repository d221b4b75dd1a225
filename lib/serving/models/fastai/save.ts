import { join } from 'node:path';
import { BaseLearner } from '../../../learner/fastai/base-learner.js';
import { openLearnerFile } from '../../../learner/fastai/learner-file.js';
import { Learner } from '../../../learner/fastai/learner.js';
import type { LearnerOptions } from '../../../learner/fastai/contract.js';
import { Module } from '../../../learner/torch/module.js';
import type { RunnerOptions } from '../../runner/runner-options-types.js';
import { Tag, type Model, type ModelSignatureOptions, type ModelStore } from '../../store/index.js';
import { nameOf } from '../../runtime/name-of.js';
import { NotKeptOptionError, NotSavableError } from '../errors.js';
import { optionsToKeep, type KeepableOptions } from '../kept/keep-options.js';
import { keptOptions, loadedOptions } from '../kept/kept-options.js';
import { checkSignatures } from '../rules.js';
import {
  createModel,
  demandFile,
  findModel,
  pathFault,
  writeSource,
  type SaveOptions,
} from '../saved-models.js';
import { FASTAI } from './rules.js';
import { CACHE_FOLDER } from '../../store/archive/files-of.js';
import type { FastaiRunner } from './types.js';

/**
 * A learner in a store.
 *
 * @typeParam Input What the learner predicts from: a string for text learners.
 * @typeParam Decoded fastai's first element of a prediction: a class name, a list of them, a
 * number, a row.
 *
 * @publicApi
 */
export type FastaiModel<Input = unknown, Decoded = unknown> = Model<
  FastaiRunner<Input, Decoded>,
  RunnerOptions
>;

/**
 * How a learner is saved. The options that it needs for loading are saved with the model: source
 * (`code`), an ONNX file with its data files (`onnx`), `activation`, `trainingOnly` and a
 * SentencePiece model (`tokenizer`). Runners, `loadModel` and the command line use them. A learner
 * that was loaded with such options brings them along.
 *
 * @publicApi
 */
export interface SaveFastaiOptions extends SaveOptions, KeepableOptions {
  /**
   * Methods that runners may call: `predict`, `get_preds` (or `getPreds`), `encode`. Default `{
   * predict: { batchable: false } }`.
   */
  signatures?: Readonly<Record<string, ModelSignatureOptions>>;
  /**
   * The versions of fastai, torch and so on that trained the learner: an export.pkl does not
   * contain them.
   */
  frameworkVersions?: Readonly<Record<string, string>>;
  /**
   * Options that `Learner.load` needs for this file but that cannot be saved, such as functions
   * (`rules`, `tokenizer`). Pass them again to `loadModel`; runners cannot have them.
   */
  load?: LearnerOptions;
}

/** How a learner is loaded: the options of `Learner.load`, and the store. @publicApi */
export interface LoadFastaiOptions extends LearnerOptions {
  /** Default: the store at `VTS_HOME`, else `~/vtsserving`. */
  store?: ModelStore;
}

/**
 * Saves a learner, as BentoML's `bentoml.fastai.save_model` does: it stores the unchanged bytes of
 * its export.pkl as `saved_model.pkl` of a new version. It reads the file first, and refuses it if
 * `Learner.load` does.
 *
 * @param name A name, for which a version is generated; or `name:version`.
 * @param learner A learner, which is saved from the file or bytes that it was loaded from; or the
 * path or the bytes of an export.pkl.
 * @returns The model in the store.
 * @throws BatchableNotSupportedError if a signature has `batchable: true`.
 * @throws UnknownMethodError if a signature names a method that learners do not have.
 * @throws NotSavableError if it is not a learner, such as `learner.model`.
 * @throws NotKeptOptionError for a learner that was loaded with functions that `load` does not
 * repeat, and for an ONNX file that cannot be copied.
 * @throws The errors of `Learner.load` for the file, and of `ModelStore.create` for the rest.
 * @publicApi
 */
export async function saveModel<Input = unknown, Decoded = unknown>(
  name: string | Tag,
  learner: BaseLearner | string | Uint8Array,
  options: SaveFastaiOptions = {},
): Promise<FastaiModel<Input, Decoded>> {
  const { signatures = FASTAI.defaults, frameworkVersions = {} } = options;
  const tag = Tag.parse(name);
  const checked = checkSignatures(FASTAI, tag.toString(), signatures);
  const source = await sourceOf(learner);
  const wanted = keepableOf(options, learner);
  const kept = await optionsToKeep(wanted);
  // A loaded learner has been lowered once, perhaps with its own options, so only its file is
  // checked.
  if (learner instanceof BaseLearner) (await openLearnerFile(source)).torchFile.close();
  else await (await Learner.load(source, { ...wanted, ...options.load })).release();
  const description = {
    module: FASTAI.modules[0],
    signatures: Object.fromEntries(checked),
    options: kept.options,
    context: { frameworkName: FASTAI.name, frameworkVersions },
  };
  const write = async (folder: string): Promise<void> => {
    await writeSource(source, join(folder, FASTAI.file));
    await kept.writeTo(folder);
  };
  return (await createModel(tag, options, description, write)) as FastaiModel<Input, Decoded>;
}

/**
 * Loads a learner from the store, to run on the calling thread.
 *
 * @param model A tag (`name`, `name:latest`, `name:version` or the beginning of one version), or a
 * model.
 * @throws FrameworkMismatchError if it was not saved with fastai.
 * @throws The errors of {@link get} and of `Learner.load`.
 * @publicApi
 */
export async function loadModel<Item = unknown, Decoded = unknown>(
  model: string | Tag | Model,
  options: LoadFastaiOptions = {},
): Promise<Learner<Item, Decoded>> {
  const { store, ...load } = options;
  const found = await findModel(FASTAI, model, { store });
  const file = found.pathOf(FASTAI.file);
  await demandFile(found, file);
  return Learner.load<Item, Decoded>(file, {
    cacheFolder: join(found.path, CACHE_FOLDER),
    ...(await loadedOptions(keptOptions(found))),
    ...load,
  });
}

/**
 * Finds a fastai model in the store, without reading its learner.
 *
 * @throws FrameworkMismatchError if it was not saved with fastai.
 * @throws The errors of `ModelStore.get`.
 * @publicApi
 */
export async function get<Input = unknown, Decoded = unknown>(
  model: string | Tag | Model,
  options: { store?: ModelStore } = {},
): Promise<FastaiModel<Input, Decoded>> {
  return (await findModel(FASTAI, model, options)) as FastaiModel<Input, Decoded>;
}

const FUNCTIONS = ['rules', 'tokenizer'] as const;

/**
 * The options to save: the given ones, and those with which a learner was loaded.
 *
 * @throws NotKeptOptionError
 */
function keepableOf(given: SaveFastaiOptions, learner: unknown): KeepableOptions {
  const loaded = learner instanceof BaseLearner ? learner.options : {};
  const all: LearnerOptions = { ...loaded, ...given };
  for (const name of FUNCTIONS) {
    if (typeof all[name] === 'string' || all[name] instanceof Uint8Array) continue;
    if (all[name] === undefined || given.load?.[name] !== undefined) continue;
    throw new NotKeptOptionError(
      name,
      'a JavaScript function',
      'Pass its Python source in code; or pass the function in load, and again to loadModel().',
    );
  }
  const { onnx, code, activation, trainingOnly, tokenizer } = all;
  return {
    ...(onnx !== undefined && { onnx }),
    ...(code !== undefined && { code }),
    ...(activation !== undefined && { activation }),
    ...(trainingOnly !== undefined && { trainingOnly }),
    ...(tokenizer !== undefined && typeof tokenizer !== 'function' && { tokenizer }),
  };
}

async function sourceOf(given: unknown): Promise<string | Uint8Array> {
  if (given instanceof Module) {
    throw new NotSavableError(
      `a bare model of class "${given.className}"`,
      'Give the learner itself, or save its model with pytorch.saveModel().',
    );
  }
  const source = given instanceof BaseLearner ? given.source : given;
  if (source instanceof Uint8Array) return source;
  if (typeof source !== 'string') throw new NotSavableError(nameOf(source));
  const fault = await pathFault(source);
  if (fault === undefined) return source;
  throw new NotSavableError(fault, 'Give the path of a file that learner.export() wrote.');
}
