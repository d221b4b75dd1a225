import { Tensor } from 'onnxruntime-common';

/** `tensor[index]`: one row, without its first dimension; shares the tensor's data. */
export function rowOf(tensor: Tensor, index: number): Tensor {
  const dims = tensor.dims.slice(1);
  const data = tensor.data as Float32Array;
  if (tensor.dims[0] === 1 && index === 0) return new Tensor(tensor.type, data, dims);
  const size = dims.reduce((product, dim) => product * dim, 1);
  return new Tensor(tensor.type, data.subarray(index * size, (index + 1) * size), dims);
}

/** Rows stacked as float32; `rowShape` gives their shape if there are none. */
export function concatRows(parts: readonly Tensor[], rowShape: readonly number[] = []): Tensor {
  const shape = parts[0]?.dims.slice(1) ?? rowShape;
  const rows = parts.reduce((sum, { dims }) => sum + (dims[0] ?? 0), 0);
  const data = new Float32Array(shape.reduce((product, size) => product * size, rows));
  let at = 0;
  for (const part of parts) {
    data.set(part.data as Float32Array, at);
    at += part.data.length;
  }
  return new Tensor('float32', data, [rows, ...shape]);
}
