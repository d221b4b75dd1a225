import type { Tensor } from 'onnxruntime-common';
import type { OnnxValue } from 'onnxruntime-common';
import { SessionReleasedError } from '../onnx/index.js';
import { GraphError } from '../onnx/errors.js';
import { guarded } from '../runtime/run-guard.js';
import { TensorInputError } from './errors.js';
import { checkModelInputs, planModule } from './input-plan.js';
import { loadLowerings } from '../onnx/lowering/registry.js';
import type { ModelGraph, TorchModelOptions } from './model-graph.js';
import type { InputPlan, ModelInput } from './model-input.js';
import { openModuleGraph } from './module-graph.js';
import { openOnnxGraph } from './onnx-graph.js';
import { openModuleFile } from './open-module.js';
import { readInputs, type PytorchInput } from './read-inputs.js';
import { isOnnx } from './source-kind.js';

/** The result of a model: its tensor, or a list if it has several. @publicApi */
export type PytorchOutput = Tensor | Tensor[];

/**
 * A model without a learner, run by onnxruntime on the calling thread; `pytorch.loadModel` returns
 * one. Each worker of a runner holds one.
 *
 * @example
 * const model = await TorchModel.load('saved_model.pt');
 * const logits = await model.run([[2, 9, 41, 7]]);
 *
 * @publicApi
 */
export class TorchModel {
  #released = false;

  private constructor(
    private readonly graph: ModelGraph,
    /** The source and the options of the model. @internal */
    readonly origin: {
      readonly source: string | Uint8Array;
      readonly options: TorchModelOptions;
    },
  ) {}

  /**
   * Loads a file of `torch.save(module)`, the model of an export.pkl, or an ONNX file.
   *
   * @param source Path of the file, or its bytes.
   * @throws NotAModuleError for other contents; UnsupportedModuleError for a layer that cannot be
   * lowered; UnknownModelInputsError if the inputs cannot be inferred; ExecutionProviderError;
   * UnquantizableModelError; the errors of damaged files.
   */
  static async load(
    source: string | Uint8Array,
    options: TorchModelOptions = {},
  ): Promise<TorchModel> {
    const open = isOnnx(source) ? openOnnxGraph : openModuleGraph;
    return new TorchModel(await open(source, options), { source, options });
  }

  /** `module.name` of the model's class in Python; undefined for an ONNX file. */
  get className(): string | undefined {
    return this.graph.className;
  }

  /** The inputs of the model. */
  get inputs(): readonly ModelInput[] {
    return describeInputs(this.graph.plan);
  }

  /**
   * The outputs of the model, in order. If each size of the inputs needs its own graph, only names
   * are known: the dtype is then given as float32.
   *
   * @internal
   */
  async outputs(): Promise<readonly ModelInput[]> {
    const { plan, outputs } = this.graph;
    const session = await this.graph.sessionFor(plan.inputs[0]?.dims.length ?? 0);
    return outputs.map((name) => {
      const known = session.outputMetadata.find((output) => output.name === name);
      if (!known?.isTensor) return { name, dtype: 'float32', shape: [null] };
      const shape = known.shape.map((size) => (typeof size === 'number' && size > 0 ? size : null));
      return { name, dtype: known.type as ModelInput['dtype'], shape };
    });
  }

  /** How many tensors `run` returns. @internal */
  get results(): number {
    return this.graph.outputs.length;
  }

  /** @internal */
  get plan(): InputPlan {
    return this.graph.plan;
  }

  /**
   * Calls the model, in evaluation mode and without gradients.
   *
   * @throws TensorInputError, TextInputError (InputErrors) for inputs that the model does not take.
   */
  async run(item: PytorchInput): Promise<PytorchOutput> {
    return this.runTensors(readInputs(this.plan, item).tensors);
  }

  /** Like `run`, for tensors that `readInputs` made. @internal */
  async runTensors(tensors: readonly Tensor[]): Promise<PytorchOutput> {
    if (this.#released) throw new SessionReleasedError();
    const [first] = tensors;
    const session = await this.graph.sessionFor(first?.dims.length ?? 0);
    const feeds = Object.fromEntries(session.inputNames.map((name, i) => [name, tensors[i]!]));
    let results: Readonly<Record<string, OnnxValue>>;
    try {
      results = await guarded(() => session.run(feeds));
    } catch (error) {
      throw this.#runError(error, tensors);
    }
    const outputs = this.graph.outputs.map((name) => results[name] as Tensor);
    return outputs.length === 1 ? outputs[0]! : outputs;
  }

  /** Frees the model. Further calls do nothing. */
  async release(): Promise<void> {
    if (this.#released) return;
    this.#released = true;
    await this.graph.release();
  }

  /** The weights are right: if sizes do not fit at a node, the given sizes are wrong. */
  #runError(error: unknown, tensors: readonly Tensor[]): unknown {
    const message = error instanceof Error ? error.message : String(error);
    const node = /running (\w+) node\. Name:'([^']*)'/.exec(message);
    const refused = (why: string): TensorInputError => {
      const shapes = tensors.map(({ dims }) => `[${dims.join(', ')}]`).join(', ');
      return new TensorInputError(
        this.plan.inputs.map((input) => input.name).join(', '),
        `cannot be of shape ${shapes}: ${why}`,
        'give a shape that the model supports',
      );
    };
    // An earlier graph exists for other sizes.
    if (error instanceof GraphError) return refused(`${error.reason} (at ${error.where})`);
    if (!node || /alloc|memory|CUDA|cudnn|thread/i.test(message)) return error;
    const [, op, name] = node;
    const detail = message.split('Status Message: ').at(-1)?.split('\n')[0]?.trim();
    return refused(`the operator ${op} at "${name}" does not accept the result (${detail})`);
  }
}

/** The inputs of a file's model, without preparing a torch module to run. */
export async function modelInputs(
  source: string | Uint8Array,
  given?: readonly ModelInput[],
): Promise<readonly ModelInput[]> {
  if (given) return checkModelInputs(given);
  if (isOnnx(source)) {
    const model = await TorchModel.load(source);
    await model.release();
    return model.inputs;
  }
  const { module, torchFile } = openModuleFile(source);
  try {
    await loadLowerings(module);
    return describeInputs(planModule(module));
  } finally {
    torchFile.close();
  }
}

function describeInputs({ inputs }: InputPlan): ModelInput[] {
  return inputs.map(({ name, dtype, shape }) => ({ name, dtype, shape }));
}
