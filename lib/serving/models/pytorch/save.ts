import type { Tensor } from 'onnxruntime-common';
import {
  checkModelInputs,
  TorchModel,
  type ModelInput,
  type PytorchOutput,
  type TorchModelOptions,
} from '../../../learner/pytorch/index.js';
import type { CodeSources } from '../../../learner/python/code-source.js';
import type { Module } from '../../../learner/torch/module.js';
import type { RunnerOptions } from '../../runner/runner-options-types.js';
import { Tag, type Model, type ModelSignatureOptions, type ModelStore } from '../../store/index.js';
import { optionsToKeep } from '../kept/keep-options.js';
import { keptOptions, loadedOptions } from '../kept/kept-options.js';
import { checkSignatures } from '../rules.js';
import { createModel, demandFile, findModel, type SaveOptions } from '../saved-models.js';
import { modelInputsOf, pytorchOptions } from './options.js';
import { fileOf, PYTORCH } from './rules.js';
import { pytorchSource } from './source.js';
import type { PytorchRunner } from './types.js';

/**
 * Options of a PyTorch layer runner: those of all runners, and the inputs of its model.
 *
 * @publicApi
 */
export interface PytorchRunnerOptions extends RunnerOptions {
  /** The inputs of the model, which override those saved with it. */
  inputs?: readonly ModelInput[];
}

/**
 * A bare model in a store.
 *
 * @typeParam Output A Tensor, or a list of them if the model has several outputs.
 *
 * @publicApi
 */
export type PytorchModel<Output extends PytorchOutput = Tensor> = Model<
  PytorchRunner<Output>,
  PytorchRunnerOptions
>;

/** How a model is saved. @publicApi */
export interface SavePytorchOptions extends SaveOptions {
  /**
   * `__call__`, or `forward`, and whether its calls may be batched:
   * `{ __call__: { batchable: true, batchDim: 0 } }`. Default `{ __call__: { batchable: false } }`,
   * as in BentoML.
   */
  signatures?: Readonly<Record<string, ModelSignatureOptions>>;
  /** The versions of torch and so on that trained the model: its file does not contain them. */
  frameworkVersions?: Readonly<Record<string, string>>;
  /**
   * The inputs of the model, if they cannot be derived from its first layer, or not completely.
   * null stands for sizes that vary. Saved in model.yaml.
   * `[{ name: 'image', dtype: 'float32', shape: [null, 3, 224, 224] }]`
   */
  inputs?: readonly ModelInput[];
  /**
   * Python source of classes that the file only names. It is saved with the model. The model of a
   * learner that was loaded with it brings it along.
   */
  code?: CodeSources;
}

/** How a model is loaded, and from which store. @publicApi */
export interface LoadPytorchOptions extends TorchModelOptions {
  /** Default: the store at `VTS_HOME`, else `~/vtsserving`. */
  store?: ModelStore;
}

/**
 * Saves a bare model, as BentoML's `bentoml.pytorch.save_model` does: a file of
 * `torch.save(module)` becomes `saved_model.pt` of a new version; an ONNX file becomes
 * `saved_model.onnx`, with the data files that it names. The model is loaded first, and refused if
 * that fails.
 *
 * @param name A name, for which a version is generated; or `name:version`.
 * @param source `learner.model`; the path or the bytes of a file that `torch.save(module)` wrote;
 * or the path of an .onnx file, or its bytes if it has no data files.
 * @returns The model in the store.
 * @throws ModuleMethodError if a signature names another method than the call.
 * @throws NotSavableModuleError, NotAModuleError if it is not a model: a learner, weights, a
 *   checkpoint.
 * @throws TorchScriptFileError for a TorchScript archive.
 * @throws UnsupportedModuleError, UnknownModelInputsError and the other errors of
 * `TorchModel.load`; those of `ModelStore.create`.
 * @publicApi
 */
export async function saveModel<Output extends PytorchOutput = Tensor>(
  name: string | Tag,
  source: Module | string | Uint8Array,
  options: SavePytorchOptions = {},
): Promise<PytorchModel<Output>> {
  const { signatures = PYTORCH.defaults, frameworkVersions = {} } = options;
  const tag = Tag.parse(name);
  const checked = checkSignatures(PYTORCH, tag.toString(), signatures);
  const inputs = options.inputs && checkModelInputs(options.inputs);
  const saved = await pytorchSource(source);
  const code = options.code ?? saved.code;
  const kept = await optionsToKeep({ ...(code !== undefined && { code }) });
  const load = { ...(inputs && { inputs }), ...(code !== undefined && { code }) };
  await (await TorchModel.load(saved.source, load)).release();
  const description = {
    module: PYTORCH.modules[0],
    signatures: Object.fromEntries(checked),
    options: { ...pytorchOptions(inputs), ...kept.options },
    context: { frameworkName: saved.onnx ? 'onnx' : 'torch', frameworkVersions },
  };
  const write = async (folder: string): Promise<void> => {
    await saved.writeTo(folder);
    await kept.writeTo(folder);
  };
  return (await createModel(tag, options, description, write)) as PytorchModel<Output>;
}

/**
 * Loads a model from the store, to run on the calling thread.
 *
 * @param model A tag (`name`, `name:latest`, `name:version` or the beginning of one version), or a
 * model.
 * @throws FrameworkMismatchError if it was not saved with the PyTorch layer.
 * @throws The errors of {@link get} and of `TorchModel.load`.
 * @publicApi
 */
export async function loadModel(
  model: string | Tag | Model,
  options: LoadPytorchOptions = {},
): Promise<TorchModel> {
  const { store, ...load } = options;
  const found = await findModel(PYTORCH, model, { store });
  const file = fileOf(found);
  await demandFile(found, file);
  const inputs = load.inputs ?? modelInputsOf(found);
  const { code } = await loadedOptions(keptOptions(found));
  return TorchModel.load(file, { ...(code !== undefined && { code }), ...load, inputs });
}

/**
 * Finds a model of the PyTorch layer in the store, without reading its file.
 *
 * @throws FrameworkMismatchError if it was saved with another framework.
 * @throws The errors of `ModelStore.get`.
 * @publicApi
 */
export async function get<Output extends PytorchOutput = Tensor>(
  model: string | Tag | Model,
  options: { store?: ModelStore } = {},
): Promise<PytorchModel<Output>> {
  return (await findModel(PYTORCH, model, options)) as PytorchModel<Output>;
}
