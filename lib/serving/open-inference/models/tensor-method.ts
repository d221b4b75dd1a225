import { isTensor } from '../../../learner/runtime/is-tensor.js';
import { bytesOfText } from '../../../client/protocol/binary.js';
import { infoOf, type TensorData } from '../../../client/protocol/datatypes.js';
import type { InferTensor, TensorMetadata } from '../../../client/protocol/messages.js';
import type { RunnerMethod } from '../../runner/runner-types.js';
import type { ServedRunnableMethod } from '../../models/custom/definitions.js';
import type { RunnableTensor, RunnableTensors } from '../../models/custom/tensor-options.js';
import { RunnableOutputError } from '../errors.js';
import { checkedInputs, wantedOutputs } from '../request.js';
import { ResponseSize } from '../response-size.js';
import { inferTensor, tensorOf } from '../tensors/onnx-tensor.js';
import type { ServableLimits, ServableModel } from './servable.js';

/** A runnable's method that declares its tensors: each request is one call. */
export function tensorMethod(
  run: RunnerMethod['run'],
  { tensors, maxBatchSize }: ServedRunnableMethod & { readonly tensors: RunnableTensors },
  { maxResponseBytes }: ServableLimits,
): ServableModel {
  const inputs = tensors.inputs.map(metadataOf);
  const outputs = tensors.outputs.map(metadataOf);
  return {
    platform: 'custom',
    inputs,
    outputs,
    maxBatchSize: batched([...inputs, ...outputs]) ? maxBatchSize : 0,

    read(request) {
      const given = checkedInputs(request, inputs);
      const wanted = wantedOutputs(request, outputs);
      const values = tensors.inputs.map(
        (input) => [input.name, valueOf(input, given.get(input.name)!)] as const,
      );
      const [[, only] = [], ...others] = values;
      const item = others.length === 0 ? only : Object.fromEntries(values);
      return {
        rows: batched(inputs) ? (given.get(inputs[0]!.name)!.shape[0] ?? 1) : 1,
        async run() {
          const result = await run(item);
          const results = new Map(
            tensors.outputs.map((output) => [output.name, outputOf(output, result, tensors)]),
          );
          const size = new ResponseSize(maxResponseBytes);
          for (const { data } of results.values()) size.addBytes(bytesIn(data));
          return () => wanted.map((name) => results.get(name)!);
        },
      };
    },
  };
}

function metadataOf({ name, datatype, shape }: RunnableTensor): TensorMetadata {
  return { name, datatype, shape };
}

function batched(tensors: readonly TensorMetadata[]): boolean {
  return tensors.every(({ shape }) => shape[0] === -1);
}

function valueOf({ bytes = false }: RunnableTensor, input: InferTensor): unknown {
  if (!bytes) return tensorOf(input);
  return Array.from(input.data as ArrayLike<string | Uint8Array>, (element) =>
    Uint8Array.prototype.slice.call(bytesOfText(element)),
  );
}

/** @throws RunnableOutputError for a result that does not match what the method declares. */
function outputOf(
  output: RunnableTensor,
  result: unknown,
  { outputs }: RunnableTensors,
): InferTensor {
  const { name, datatype } = output;
  const wrong = (fact: string): never => {
    throw new RunnableOutputError(name, fact, `${datatype} [${output.shape.join(', ')}]`);
  };
  const named = isRecord(result) && Object.hasOwn(result, name);
  if (!named && outputs.length > 1) return wrong('is missing');
  const value = named ? result[name] : result;
  const given = isTensor(value) ? inferTensor(name, value) : undefined;
  const data = given?.data ?? (value as TensorData);
  if (!isOfDatatype(datatype, data) || (given && given.datatype !== datatype)) {
    return wrong(`is ${given?.datatype ?? 'something else'}`);
  }
  const shape = given?.shape ?? filled(output.shape, data.length);
  if (!fits(shape, output.shape)) {
    return wrong(
      given ? `has the shape [${given.shape.join(', ')}]` : `has ${data.length} elements`,
    );
  }
  return { name, datatype, shape: shape as number[], data };
}

function isOfDatatype(datatype: RunnableTensor['datatype'], data: unknown): data is TensorData {
  const { array } = infoOf(datatype);
  if (array) return data instanceof array;
  return (
    Array.isArray(data) &&
    data.every((element) => typeof element === 'string' || element instanceof Uint8Array)
  );
}

/**
 * The shape for this number of elements; undefined if it does not fit, or leaves more than one size
 * open.
 */
function filled(shape: readonly number[], elements: number): readonly number[] | undefined {
  const open = shape.filter((size) => size === -1).length;
  const known = shape.reduce((product, size) => (size === -1 ? product : product * size), 1);
  if (open === 0) return known === elements ? shape : undefined;
  if (open > 1 || known === 0 || elements % known !== 0) return undefined;
  return shape.map((size) => (size === -1 ? elements / known : size));
}

function fits(shape: readonly number[] | undefined, wanted: readonly number[]): boolean {
  return (
    shape?.length === wanted.length &&
    wanted.every((size, axis) => size === -1 || size === shape[axis])
  );
}

function bytesIn(data: TensorData): number {
  if (ArrayBuffer.isView(data)) return data.byteLength;
  return data.reduce((sum, element) => sum + element.length, 0);
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return (
    typeof value === 'object' && value !== null && !isTensor(value) && !ArrayBuffer.isView(value)
  );
}
