import type { Tensor } from 'onnxruntime-common';
import { isDatatype, type Datatype } from '../../../client/protocol/datatypes.js';
import type {
  InferResponse,
  InferTensor,
  ModelMetadata,
  TensorMetadata,
} from '../../../client/protocol/messages.js';
import { readInputs, type ModelInput } from '../../../learner/pytorch/index.js';
import type { ModelInputDType } from '../../../learner/pytorch/index.js';
import { isTensor } from '../../../learner/runtime/is-tensor.js';
import { CALL } from '../../models/pytorch/rules.js';
import { datatypeOf, inferTensor, tensorOf } from '../../open-inference/tensors/onnx-tensor.js';
import type { RemoteModel } from '../contract.js';
import { RemoteItemError, RemoteMethodError } from '../errors.js';
import { bytesTensor } from './bytes-tensor.js';

/** A model that takes and returns tensors, of the PyTorch layer or of another server. */
export interface TensorModelOptions {
  readonly kind: string;
  /** Whether several outputs come as a list, as in the PyTorch layer, not by name. */
  readonly listed: boolean;
}

const TYPES = new Map<Datatype, ModelInputDType>();
for (const type of [
  'bool',
  'uint8',
  'uint16',
  'uint32',
  'uint64',
  'int8',
  'int16',
  'int32',
  'int64',
  'float16',
  'float32',
  'float64',
  'string',
] as const) {
  const datatype = datatypeOf(type);
  if (datatype !== undefined) TYPES.set(datatype, type);
}

export function tensorModel(
  runner: string,
  { inputs, outputs }: ModelMetadata,
  { kind, listed }: TensorModelOptions,
): RemoteModel {
  const modelInputs = inputs.map(({ name, datatype, shape }): ModelInput => ({
    name,
    dtype: TYPES.get(datatype) as ModelInputDType,
    shape: shape.map((size) => (size < 0 ? null : size)),
  }));
  return {
    description: { kind, vocab: undefined, methods: [CALL, 'forward'] },
    inputs: modelInputs,
    outputs: outputs.map(({ name, datatype, shape }) => ({
      name,
      dtype: TYPES.get(datatype) as ModelInputDType,
      shape: shape.map((size) => (size < 0 ? null : size)),
    })),

    call(method, { item }, farSide) {
      if (method !== CALL && method !== 'forward') {
        const reason = `its server has a model of tensors, which has only run()`;
        throw new RemoteMethodError(runner, method, reason);
      }
      const sent = sentTensors(runner, inputs, item);
      return farSide
        .infer({ inputs: sent })
        .then((response) => received(response, outputs, listed));
    },
  };
}

export function received(
  response: InferResponse,
  known: readonly TensorMetadata[],
  listed: boolean,
): Tensor | Tensor[] | Record<string, Tensor> {
  const tensors = new Map(response.outputs.map((output) => [output.name, tensorOf(output)]));
  const names = known.length > 0 ? known.map(({ name }) => name) : [...tensors.keys()];
  const found = names.filter((name) => tensors.has(name));
  const [only] = found;
  if (found.length === 1 && only !== undefined && names.length === 1) {
    return tensors.get(only) as Tensor;
  }
  if (listed) return found.map((name) => tensors.get(name) as Tensor);
  return Object.fromEntries(found.map((name) => [name, tensors.get(name) as Tensor]));
}

/** Converts an item to the tensors of a request. @throws InputError */
export function sentTensors(
  runner: string,
  specs: readonly TensorMetadata[],
  item: unknown,
): readonly InferTensor[] {
  if (specs.length === 0) return undescribed(runner, item);
  const named = isNamed(item) ? item : undefined;
  // A server may have optional inputs, but does not say which they are.
  const wanted =
    named !== undefined &&
    Object.keys(named).every((name) => specs.some((spec) => spec.name === name))
      ? specs.filter(({ name }) => Object.hasOwn(named, name))
      : specs;
  if (wanted.some(({ datatype }) => datatype === 'BYTES')) return withTexts(runner, wanted, item);
  return feeds(wanted, item);
}

/** Only the conversion of values is checked here; the server checks shapes and the rest. */
function feeds(specs: readonly TensorMetadata[], item: unknown): readonly InferTensor[] {
  const inputs = specs.map(({ name, datatype, shape }) => {
    const dtype = TYPES.get(datatype) as ModelInputDType;
    return {
      name,
      dtype,
      feed: dtype,
      shape: shape.map((s) => (s < 0 ? null : s)),
      dims: [],
      tail: 0,
    };
  });
  const { tensors } = readInputs({ inputs, mayTakeEmpty: inputs.length === 1 }, item);
  return tensors.map((tensor, at) => inferTensor((specs[at] as TensorMetadata).name, tensor));
}

/** Inputs of bytes need separate handling, because they may not be text. */
function withTexts(
  runner: string,
  specs: readonly TensorMetadata[],
  item: unknown,
): readonly InferTensor[] {
  const values = valuesOf(runner, specs, item);
  return specs.map((spec, at) =>
    spec.datatype === 'BYTES'
      ? bytesTensor(runner, spec.name, values[at])
      : (feeds([spec], values[at])[0] as InferTensor),
  );
}

function valuesOf(runner: string, specs: readonly TensorMetadata[], item: unknown): unknown[] {
  if (isNamed(item)) {
    const missing = specs.find(({ name }) => !Object.hasOwn(item, name));
    if (missing === undefined) return specs.map(({ name }) => item[name]);
    throw new RemoteItemError(runner, `The input "${missing.name}" is missing`, 'add it');
  }
  if (specs.length === 1) return [item];
  if (Array.isArray(item) && item.length === specs.length) return item as unknown[];
  const names = specs.map(({ name }) => name).join(', ');
  throw new RemoteItemError(
    runner,
    `The model takes ${specs.length} inputs`,
    `give an object with ${names}, or a list of them in that order`,
  );
}

/** If the server does not describe the inputs, each tensor must have a type. */
function undescribed(runner: string, item: unknown): readonly InferTensor[] {
  if (!isNamed(item)) {
    throw new RemoteItemError(
      runner,
      'The server does not describe the inputs of the model',
      'give an object of tensors by the names of the inputs',
    );
  }
  return Object.entries(item).map(([name, value]) => {
    if (isTensor(value)) return inferTensor(name, value);
    const { datatype, shape, data } = (value ?? {}) as Partial<InferTensor>;
    if (isDatatype(datatype) && Array.isArray(shape) && data !== undefined) {
      return { name, datatype, shape: shape as number[], data };
    }
    throw new RemoteItemError(
      runner,
      `The server does not give the type of the input "${name}"`,
      'give a Tensor, or { datatype, shape, data }',
    );
  });
}

/** Whether it is an object of inputs by name, not a single tensor. */
function isNamed(item: unknown): item is Readonly<Record<string, unknown>> {
  if (typeof item !== 'object' || item === null || Array.isArray(item)) return false;
  if (isTensor(item) || ArrayBuffer.isView(item)) return false;
  return !('dims' in item && 'data' in item);
}
