import { Tensor } from 'onnxruntime-common';
import { InferenceMessageError } from '../../../client/protocol/errors.js';
import type { InferTensor } from '../../../client/protocol/messages.js';
import type { NumericData } from '../../../client/protocol/datatypes.js';
import { inferTensor, tensorOf } from './onnx-tensor.js';

/** Whether the tensors have equal types and shapes, so that one can hold them all. */
export function alike(tensors: readonly Tensor[]): boolean {
  const [first] = tensors;
  return tensors.every(
    ({ type, dims }) =>
      type === first?.type &&
      dims.length === first.dims.length &&
      dims.every((size, axis) => size === first.dims[axis]),
  );
}

/**
 * Stacks the tensors of several items into one, `[items, ...]`.
 *
 * @throws InferenceMessageError if their shapes differ.
 */
export function stacked(name: string, tensors: readonly Tensor[]): InferTensor {
  const [first] = tensors as readonly [Tensor];
  if (!alike(tensors)) {
    const other = tensors.findIndex((tensor) => !alike([first, tensor]));
    const shape = ({ dims }: Tensor): string => `[${dims.join(', ')}]`;
    throw new InferenceMessageError(
      `"${name}" has the shape ${shape(first)} in item 0, but ${shape(tensors[other]!)} in item ${other} (counted from 0)`,
      'send these items one by one',
    );
  }
  const one = inferTensor(name, first);
  const shape = [tensors.length, ...first.dims];
  if (tensors.length === 1) return { ...one, shape };
  if (!ArrayBuffer.isView(one.data)) {
    const data = tensors.flatMap((tensor) => inferTensor(name, tensor).data as readonly string[]);
    return { ...one, shape, data };
  }
  const Data = one.data.constructor as new (length: number) => Float32Array;
  const data = new Data(one.data.length * tensors.length);
  tensors.forEach((tensor, at) => {
    data.set(inferTensor(name, tensor).data as Float32Array, at * one.data.length);
  });
  return { ...one, shape, data };
}

/** Each item of a tensor `[items, ...]`, in its own memory. */
export function unstacked(tensor: InferTensor): Tensor[] {
  const [count = 0, ...shape] = tensor.shape;
  const size = shape.reduce((product, each) => product * each, 1);
  return Array.from({ length: count }, (_, at) => {
    const data = (tensor.data as NumericData).slice(at * size, (at + 1) * size);
    return tensorOf({ ...tensor, shape, data });
  });
}
