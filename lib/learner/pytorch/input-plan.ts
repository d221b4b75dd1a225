import {
  lowerModel,
  UnsupportedModuleError,
  type InputSpec,
  type OnnxDType,
} from '../onnx/index.js';
import { hasOwnCode, lowerings, signatureOf } from '../onnx/lowering/registry.js';
import type { Module } from '../torch/index.js';
import { InvalidModelInputError, UnknownModelInputsError } from './errors.js';
import { inferInputs } from './infer-inputs.js';
import type { InputPlan, ModelInput, PlannedInput } from './model-input.js';

/** The inputs of a module, and how its graph is made for them. */
export interface ModulePlan extends InputPlan {
  /** The graph's inputs for tensors of that rank; undefined if the model itself knows. */
  specsFor(rank: number): readonly InputSpec[] | undefined;
  /** Whether the inputs are those of the first layer, although the model's code may take others. */
  readonly guessed?: boolean;
}

/**
 * The inputs that the caller describes, else those of the root module, else those of the first
 * layer. Lowerings must be loaded.
 *
 * @throws UnknownModelInputsError, InvalidModelInputError
 */
export function planModule(
  module: Module,
  given?: readonly ModelInput[],
  withSources = false,
): ModulePlan {
  const signature = signatureOf(module);
  const limits = idLimits(module);
  if (given) {
    const specs = checkModelInputs(given).map(specOf);
    return { inputs: planned(specs, limits), specsFor: () => specs };
  }
  if (signature?.hints.kind === 'text-classifier') {
    const ids = { name: 'ids', dtype: 'int64', shape: [null, null] } as const;
    return {
      inputs: [{ ...ids, feed: 'int32', dims: ['batch', 'length'] }],
      text: signature.hints.text,
      specsFor: () => undefined,
    };
  }
  if (!lowerings.has(module.className) && hasOwnCode(module, withSources)) {
    const guess = inferInputs(module);
    if (guess) {
      const { specs } = guess;
      return { inputs: planned(specs, undefined), specsFor: () => specs, guessed: true };
    }
  }
  const inferred = inferInputs(module) ?? (signature && { specs: signature.inputs });
  // If a layer cannot be lowered, lowering the model names it; that fact matters more.
  if (!inferred)
    throw unknownLayer(module)?.ofBareModel() ?? new UnknownModelInputsError(module.className);
  const { specs, tail, rowSize } = inferred;
  const inputs = planned(specs, limits).map((input) => ({ ...input, tail, rowSize }));
  return {
    inputs,
    mayTakeEmpty: TABULAR.includes(module.className) && inputs.length === 1,
    specsFor: (rank) =>
      tail === undefined ? specs : specs.map((spec) => ofRank(spec, rank, tail)),
  };
}

function unknownLayer(module: Module): UnsupportedModuleError | undefined {
  try {
    lowerModel(module);
    return undefined;
  } catch (error) {
    const known = !(error instanceof UnsupportedModuleError) || error.reason !== undefined;
    return known ? undefined : error;
  }
}

/** The same for tensors of `rank` dimensions, whose last `tail` sizes stay the same. */
function ofRank(spec: InputSpec, rank: number, tail: number): InputSpec {
  if (rank === spec.dims.length) return spec;
  const lead = Array.from({ length: rank - tail }, (_, i) => (i === 0 ? 'batch' : `dim_${i}`));
  return { ...spec, dims: [...lead, ...spec.dims.slice(spec.dims.length - tail)] };
}

function planned(
  specs: readonly InputSpec[],
  limits: readonly (number | null)[] | undefined,
): PlannedInput[] {
  const ids = specs.findIndex(({ dtype }) => isInteger(dtype));
  return specs.map(({ name, dtype, dims }, index) => ({
    name,
    dtype: isInteger(dtype) ? 'int64' : dtype,
    feed: dtype,
    shape: dims.map((dim) => (typeof dim === 'number' ? dim : null)),
    dims,
    ...(index === ids && limits ? { limits } : {}),
  }));
}

const isInteger = (dtype: OnnxDType): boolean => dtype === 'int64' || dtype === 'int32';

/** torch refuses ids outside an embedding's rows; onnxruntime counts negative ids from the end. */
function idLimits(module: Module): readonly (number | null)[] | undefined {
  const rows = (child: Module | null | undefined): number | null =>
    child?.tensor('weight')?.shape[0] ?? null;
  switch (module.className) {
    case 'torch.nn.modules.sparse.Embedding':
    case 'fastai.layers.Embedding':
      return [rows(module)];
    case 'fastai.text.models.awdlstm.AWD_LSTM':
      return [rows(module.child('encoder'))];
    case 'fastai.tabular.model.TabularModel':
    case 'fastai.collab.EmbeddingNN':
      return [...(module.child('embeds')?.children.values() ?? [])].map(rows);
    case 'fastai.collab.EmbeddingDotBias':
      return [rows(module.child('u_weight')), rows(module.child('i_weight'))];
    default: {
      const [first] = module.children.values();
      return first ? idLimits(first) : undefined;
    }
  }
}

const TABULAR = ['fastai.tabular.model.TabularModel', 'fastai.collab.EmbeddingNN'];

const TORCH_DTYPES = ['float32', 'float64', 'int64', 'int32', 'int8', 'uint8', 'bool'];

function specOf({ name, dtype, shape }: ModelInput): InputSpec {
  if (!TORCH_DTYPES.includes(dtype)) {
    throw new InvalidModelInputError(
      `the dtype of "${name}" is ${dtype}, and a torch module takes ${TORCH_DTYPES.join(', ')}`,
    );
  }
  const dims = shape.map((size, index) => size ?? (index === 0 ? 'batch' : `${name}_${index}`));
  return { name, dtype: dtype as OnnxDType, dims };
}

/** @throws InvalidModelInputError if the description of a caller or a file is wrong */
export function checkModelInputs(value: unknown): readonly ModelInput[] {
  if (!Array.isArray(value) || value.length === 0) {
    throw new InvalidModelInputError('it is not a list of at least one input');
  }
  const names = new Set<string>();
  return value.map((item: unknown): ModelInput => {
    const { name, dtype, shape } = (item ?? {}) as Partial<Record<keyof ModelInput, unknown>>;
    if (typeof name !== 'string' || name === '')
      throw new InvalidModelInputError('one input has no name');
    if (names.has(name)) throw new InvalidModelInputError(`two inputs are named "${name}"`);
    names.add(name);
    if (typeof dtype !== 'string') throw new InvalidModelInputError(`"${name}" has no dtype`);
    if (!Array.isArray(shape) || !shape.every(isSize)) {
      throw new InvalidModelInputError(
        `the shape of "${name}" is not a list of positive sizes and nulls`,
      );
    }
    return { name, dtype: dtype as ModelInput['dtype'], shape };
  });
}

function isSize(size: unknown): boolean {
  return size === null || (Number.isInteger(size) && (size as number) > 0);
}
