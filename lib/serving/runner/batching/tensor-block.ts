import { Tensor } from 'onnxruntime-common';

type Data = { readonly length: number } & Record<number, unknown>;

/** Resolves a dimension's number, which may count from the end. */
export function dimOf(dims: readonly number[], dim: number): number {
  return dim < 0 ? dims.length + dim : dim;
}

/** How a dimension of unequal sizes is padded. */
export interface Fill {
  readonly dim: number;
  readonly size: number;
  readonly value: number;
  readonly side: 'left' | 'right';
}

/**
 * Joins tensors along one dimension. With `fill`, it first pads another dimension to a common size.
 * All other dimensions must be equal. Each element is copied once.
 */
export function concat(tensors: readonly Tensor[], along: number, fill?: Fill): Tensor {
  const first = tensors[0] as Tensor;
  const dims = [...first.dims];
  dims[along] = tensors.reduce((sum, tensor) => sum + (tensor.dims[along] as number), 0);
  if (fill !== undefined) dims[fill.dim] = fill.size;
  const data = emptyLike(first, product(dims));
  if (fill !== undefined && tensors.some((tensor) => tensor.dims[fill.dim] !== fill.size)) {
    fillWith(first, data, fill.value);
  }
  let start = 0;
  for (const tensor of tensors) {
    const offsets = dims.map(() => 0);
    offsets[along] = start;
    if (fill?.side === 'left') offsets[fill.dim] = fill.size - (tensor.dims[fill.dim] as number);
    const from = tensor.data as unknown as Data;
    copy(from, tensor.dims, zeros(dims), data, dims, offsets, tensor.dims);
    start += tensor.dims[along] as number;
  }
  return tensorLike(first, data, dims);
}

/** A part of a tensor, in its own buffer. */
export function slice(tensor: Tensor, starts: readonly number[], dims: readonly number[]): Tensor {
  const data = emptyLike(tensor, product(dims));
  copy(tensor.data as unknown as Data, tensor.dims, starts, data, dims, zeros(dims), dims);
  return tensorLike(tensor, data, dims);
}

/** Copies a block of `size`, in the longest runs that are contiguous on both sides. */
function copy(
  from: Data,
  fromDims: readonly number[],
  fromStarts: readonly number[],
  to: Data,
  toDims: readonly number[],
  toStarts: readonly number[],
  size: readonly number[],
): void {
  // Dimensions after `cut` are whole on both sides.
  let cut = size.length - 1;
  while (cut > 0 && size[cut] === fromDims[cut] && size[cut] === toDims[cut]) cut--;
  const run = product(size.slice(Math.max(0, cut)));
  const walk = (dim: number, source: number, target: number): void => {
    const sourceAt = source * (fromDims[dim] ?? 1) + (fromStarts[dim] ?? 0);
    const targetAt = target * (toDims[dim] ?? 1) + (toStarts[dim] ?? 0);
    if (dim >= cut) {
      const sourceStep = product(fromDims.slice(dim + 1));
      const targetStep = product(toDims.slice(dim + 1));
      return copyRun(from, sourceAt * sourceStep, to, targetAt * targetStep, run);
    }
    for (let i = 0; i < (size[dim] as number); i++) walk(dim + 1, sourceAt + i, targetAt + i);
  };
  if (run > 0) walk(0, 0, 0);
}

function copyRun(from: Data, start: number, to: Data, at: number, length: number): void {
  if (ArrayBuffer.isView(from)) {
    const source = from as unknown as Uint8Array;
    (to as unknown as Uint8Array).set(source.subarray(start, start + length), at);
    return;
  }
  for (let i = 0; i < length; i++) to[at + i] = from[start + i];
}

function emptyLike(tensor: Tensor, length: number): Data {
  const data: unknown = tensor.data;
  if (!ArrayBuffer.isView(data)) return Array.from({ length }, () => '') as unknown as Data;
  return new (data.constructor as new (length: number) => Data)(length);
}

function fillWith(tensor: Tensor, data: Data, value: number): void {
  if (value === 0 && ArrayBuffer.isView(data)) return;
  const wide = tensor.type === 'int64' || tensor.type === 'uint64';
  const element = wide ? BigInt(value) : ArrayBuffer.isView(data) ? value : String(value);
  (data as unknown as unknown[]).fill(element);
}

function tensorLike(tensor: Tensor, data: Data, dims: readonly number[]): Tensor {
  return new Tensor(tensor.type as 'float32', data as unknown as Float32Array, dims);
}

function product(sizes: readonly number[]): number {
  let all = 1;
  for (const size of sizes) all *= size;
  return all;
}

function zeros(dims: readonly number[]): number[] {
  return dims.map(() => 0);
}
