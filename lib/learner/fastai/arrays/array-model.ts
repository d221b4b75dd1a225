import type { Tensor } from 'onnxruntime-common';
import { GraphError, SessionCreationError } from '../../onnx/errors.js';
import { UnsupportedModuleError, type InputSpec } from '../../onnx/index.js';
import { lowerings, loadLowerings, isModuleList } from '../../onnx/lowering/registry.js';
import { inferInputs } from '../../pytorch/infer-inputs.js';
import {
  TorchModel,
  UnknownModelInputsError,
  type ModelInput,
  type ModelInputDType,
  type TorchModelOptions,
} from '../../pytorch/index.js';
import { RaisedInCodeError } from '../../python/errors.js';
import { asNumber, type Module } from '../../torch/index.js';
import type { LearnerOptions, Results } from '../contract.js';
import { joinTensors } from '../data/tensor-rows.js';
import { UnsupportedLearnerError } from '../errors.js';
import { outputOfClasses } from '../foreign/expected-model.js';
import type { LearnerFile } from '../learner-file.js';
import { formOf } from '../open-model.js';
import { joinResults, reordered, withRows } from '../results/results.js';
import type { ResultForm } from '../../onnx/lowering/result-form.js';
import { rowsDone } from '../../runtime/rows-done.js';

/** The model receives at most this much at once: 16 MiB of float32, but at least one item. */
const MOST_ELEMENTS = 2 ** 22;
/** How many models stay open for ranks or sizes other than the first. */
const MOST_MODELS = 8;

/** Sizes of a batch; null for a size that varies. */
export type BatchShape = readonly (number | null)[];

/** An open model. */
export interface RunsBatches {
  run(batch: Tensor): Promise<Tensor | Tensor[]>;
  /** How many results it returns, if it is known. */
  readonly results?: number;
  release(): Promise<void>;
}

/**
 * The learner's model over batches of tensors, run by the PyTorch layer, which checks its inputs.
 * If the number of dimensions is unknown, the first item determines it and the model is lowered
 * then.
 */
export class ArrayModel {
  readonly #models = new Map<string, Promise<RunsBatches>>();
  #isReleased = false;
  #form: ResultForm | undefined;
  /**
   * Whether a graph needs the sizes of an item, because code may not accept the sizes of examples.
   */
  #isBySize = false;

  private constructor(
    /** The input of the model; undefined if only an item determines it. */
    readonly shape: BatchShape | undefined,
    private readonly dtype: ModelInputDType,
    private readonly open: (inputs: ModelInput[] | undefined) => Promise<RunsBatches>,
    private readonly whole: RunsBatches | undefined,
    /**
     * Whether the model also takes items of other ranks: a linear layer only looks at the last
     * size.
     */
    readonly isLoose = false,
  ) {}

  /**
   * @param rank Dimensions of a batch, if the dataset states them.
   * @param classes Names of the classes; the output has one number for each.
   */
  static async open(
    file: LearnerFile,
    options: LearnerOptions,
    rank: number | undefined,
    classes: readonly string[] | undefined,
  ): Promise<ArrayModel> {
    const { intraOpNumThreads, quantize, cacheFolder, code, onnx } = options;
    const how: TorchModelOptions = {
      resets: true,
      ...(intraOpNumThreads !== undefined && { intraOpNumThreads }),
      ...(quantize && { precision: quantize }),
      ...(cacheFolder !== undefined && { cacheFolder }),
      ...(code !== undefined && { code }),
    };
    const inferred = inferInputs(file.model)?.specs;
    const [first] = inferred ?? [];
    const series: BatchShape | undefined =
      rank === undefined
        ? undefined
        : [null, variablesOf(file.model, first?.dims), stepsOf(first?.dims)];
    if (onnx !== undefined) {
      const { openForeignArrayModel } = await import('./foreign-array-model.js');
      const expected = series && {
        inputs: [{ dtypes: ['float32'], sizes: series.slice(1) }],
        ...outputOfClasses(classes),
      };
      const foreign = await openForeignArrayModel({ ...options, onnx }, expected);
      return new ArrayModel(foreign.shape, foreign.dtype, () => Promise.resolve(foreign), foreign);
    }
    const open = (inputs: ModelInput[] | undefined): Promise<TorchModel> =>
      TorchModel.load(file.source, { ...how, ...(inputs && { inputs }) }).catch((error) => {
        throw error instanceof UnsupportedModuleError ? error.ofLearner() : error;
      });
    await loadLowerings(file.model, code !== undefined);
    const isTold = isKnown(file.model);
    const dtype = first?.dtype === 'int64' || first?.dtype === 'int32' ? 'int64' : 'float32';
    if (inferred && inferred.length > 1) throw severalInputs(file, inferred.length);
    if (series) {
      const model = new ArrayModel(series, 'float32', open, undefined);
      model.#form = formOf((await model.#model(series)).results ?? 1);
      return model;
    }
    if (!isTold) return new ArrayModel(undefined, dtype, open, undefined);
    try {
      const whole = await open(undefined);
      const isLoose = whole.plan.inputs[0]?.tail !== undefined;
      return new ArrayModel(shapeOf(whole), dtype, open, whole, isLoose);
    } catch (error) {
      const isOpen = first?.dims.slice(1).some((size) => typeof size === 'string') ?? false;
      if (!(error instanceof UnknownModelInputsError) && !(isOpen && isOfSizes(error))) throw error;
      return new ArrayModel(undefined, dtype, open, undefined);
    }
  }

  /** How the model returns its results; undefined until an item shows it. */
  get form(): ResultForm | undefined {
    return (
      this.#form ?? (this.whole?.results === undefined ? undefined : formOf(this.whole.results))
    );
  }

  /** Runs batches of one and returns the model's output, one row per item. @throws InputError */
  async forward(items: readonly Tensor[]): Promise<Results> {
    const groups = new Map<string, number[]>();
    items.forEach(({ type, dims }, at) => {
      const key = `${type} ${dims.join('x')}`;
      groups.set(key, [...(groups.get(key) ?? []), at]);
    });
    const parts: Results[] = [];
    const order: number[] = [];
    for (const group of groups.values()) {
      const size = Math.max(1, Math.floor(MOST_ELEMENTS / items[group[0]!]!.data.length));
      for (let start = 0; start < group.length; start += size) {
        const some = group.slice(start, start + size);
        parts.push(await this.#run(some.map((at) => items[at]!)));
        order.push(...some);
        rowsDone(order.length, items.length);
      }
    }
    if (parts.length === 1) return parts[0]!;
    return joinResults(parts, (tensors) => reordered(tensors, order));
  }

  async #run(items: readonly Tensor[]): Promise<Results> {
    const batch = joinTensors(items);
    const output = await (await this.#modelFor(batch.dims)).run(batch);
    this.#form = formOf(Array.isArray(output) ? output.length : 1);
    if (Array.isArray(output)) return withRows(output, items.length);
    if (output.dims[0] === items.length) return float(output);
    throw new UnsupportedLearnerError(
      `The learner's model returns a result of shape [${output.dims.join(', ')}] for ` +
        `${items.length} items`,
      'export a learner whose model returns a row for each item',
    );
  }

  async #modelFor(dims: readonly number[]): Promise<RunsBatches> {
    if (this.whole) return this.whole;
    const own = [null, ...dims.slice(1)];
    if (this.#isBySize) return this.#model(own);
    try {
      return await this.#model(this.shape ?? dims.map(() => null));
    } catch (error) {
      if (this.shape || !isOfSizes(error)) throw error;
      const model = await this.#model(own);
      this.#isBySize = true;
      return model;
    }
  }

  #model(shape: BatchShape): Promise<RunsBatches> {
    const key = shape.join('x');
    let model = this.#models.get(key);
    if (model) return model;
    model = this.open([{ name: 'x', dtype: this.dtype, shape }]);
    this.#models.set(key, model);
    model.catch(() => this.#models.delete(key));
    for (const [oldest, other] of this.#models) {
      if (this.#models.size <= MOST_MODELS) break;
      this.#models.delete(oldest);
      void other.then((one) => one.release());
    }
    if (this.#isReleased) void this.release();
    return model;
  }

  async release(): Promise<void> {
    this.#isReleased = true;
    const open = await Promise.allSettled([this.whole, ...this.#models.values()]);
    for (const one of open) if (one.status === 'fulfilled') await one.value?.release();
  }
}

/** Whether lowering for the sizes of an example fails. It may work for the sizes of an item. */
const isOfSizes = (error: unknown): boolean =>
  error instanceof RaisedInCodeError ||
  error instanceof GraphError ||
  error instanceof SessionCreationError;

const shapeOf = (model: TorchModel): BatchShape | undefined => model.plan.inputs[0]?.shape;

function float(tensor: Tensor): Tensor {
  if (tensor.type === 'float32') return tensor;
  throw new UnsupportedLearnerError(
    `The learner's model returns a tensor of ${tensor.type}`,
    'export a learner whose model returns float32',
  );
}

function severalInputs({ className }: LearnerFile, count: number): UnsupportedLearnerError {
  return new UnsupportedLearnerError(
    `The model of the learner (${className}) takes ${count} tensors, but its dataset gives one`,
    'serve its model with pytorch.saveModel(name, "export.pkl")',
  );
}

/** Whether all modules before the first layer are known. Other code may change the tensor first. */
function isKnown(module: Module): boolean {
  for (
    let at: Module | null | undefined = module;
    at;
    at = [...at.children.values()].find(Boolean)
  ) {
    if (!lowerings.has(at.className) && !isModuleList(at)) return false;
  }
  return true;
}

/** How many variables a series has, from the model or its first convolution. */
function variablesOf(model: Module, dims: InputSpec['dims'] | undefined): number | null {
  const own = asNumber(model.attr('c_in'));
  if (own !== undefined && Number.isInteger(own) && own > 0) return own;
  const channels = dims?.length === 3 ? dims[1] : undefined;
  return typeof channels === 'number' ? channels : null;
}

/** How many steps a series must have, if the model states it. */
function stepsOf(dims: InputSpec['dims'] | undefined): number | null {
  const steps = dims?.length === 3 ? dims[2] : undefined;
  return typeof steps === 'number' ? steps : null;
}
