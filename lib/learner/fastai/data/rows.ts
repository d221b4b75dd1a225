import { Tensor } from 'onnxruntime-common';

/** `tensor[index]`: one row, without its first dimension; data shared with the tensor. */
export function rowOf(tensor: Tensor, index: number): Tensor {
  const dims = tensor.dims.slice(1);
  const size = dims.reduce((product, dim) => product * dim, 1);
  const data = (tensor.data as Float32Array).subarray(index * size, (index + 1) * size);
  return new Tensor(tensor.type, data, dims);
}

/**
 * Puts the rows of several float32 tensors together: result row `order[k]` is the k-th row given.
 */
export function joinRows(parts: readonly Tensor[], order: readonly number[]): Tensor {
  const dims = parts[0]?.dims.slice(1) ?? [];
  const size = dims.reduce((product, dim) => product * dim, 1);
  const out = new Float32Array(order.length * size);
  let next = 0;
  for (const part of parts) {
    const data = part.data as Float32Array;
    for (let row = 0; row < (part.dims[0] ?? 0); row++) {
      out.set(data.subarray(row * size, (row + 1) * size), order[next++]! * size);
    }
  }
  return new Tensor('float32', out, [order.length, ...dims]);
}
