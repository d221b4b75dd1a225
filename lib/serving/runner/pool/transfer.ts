import { Tensor } from 'onnxruntime-common';
import { isFrame, packFrame } from '../../../learner/fastai/tabular/table.js';
import { isTensor } from '../../../learner/runtime/is-tensor.js';

type Path = readonly (string | number)[];

interface TensorAt {
  readonly path: Path;
  readonly type: string;
  readonly dims: readonly number[];
  readonly data: unknown;
}

/**
 * A value in a form that survives a message between threads: tensors, whose class a structured
 * clone drops, are taken out of it and listed with their places.
 */
export interface Encoded {
  readonly value: unknown;
  readonly tensors?: readonly TensorAt[];
}

/**
 * Encodes a value. With `buffers`, the buffers behind its tensors and typed arrays are added there,
 * for a transfer: the sender gives them up.
 */
export function encode(value: unknown, buffers?: Set<ArrayBuffer>): Encoded {
  if (typeof value !== 'object' || value === null) return { value };
  const tensors: TensorAt[] = [];
  const stripped = strip(value, [], tensors, buffers);
  return tensors.length > 0 ? { value: stripped, tensors } : { value: stripped };
}

/** Gives the tensors of an encoded value back their class and their places. */
export function decode(encoded: Encoded): unknown {
  let root = encoded.value;
  for (const { path, type, dims, data } of encoded.tensors ?? []) {
    const tensor = new Tensor(type as 'float32', data as Float32Array, dims);
    if (path.length === 0) root = tensor;
    else place(root, path, tensor);
  }
  return root;
}

function strip(
  value: unknown,
  path: Path,
  tensors: TensorAt[],
  buffers: Set<ArrayBuffer> | undefined,
): unknown {
  if (typeof value !== 'object' || value === null) return value;
  if (isTensor(value)) {
    const data = owned(value.data, buffers);
    tensors.push({ path, type: value.type, dims: [...value.dims], data });
    return null;
  }
  if (ArrayBuffer.isView(value)) return owned(value, buffers);
  if (Array.isArray(value)) {
    return value.map((item, index) => strip(item, [...path, index], tensors, buffers));
  }
  if (value instanceof Map) {
    return new Map(
      [...value].map(([key, item], index) => [
        key,
        strip(item, [...path, index], tensors, buffers),
      ]),
    );
  }
  if (isFrame(value)) return strip(packFrame(value), path, tensors, buffers);
  if (!isPlain(value)) return value;
  const copy: Record<string, unknown> = {};
  for (const [key, item] of Object.entries(value)) {
    define(copy, key, strip(item, [...path, key], tensors, buffers));
  }
  return copy;
}

/** The view itself where its buffer can be given away whole, else a copy that can. */
function owned(data: unknown, buffers: Set<ArrayBuffer> | undefined): unknown {
  if (buffers === undefined || !ArrayBuffer.isView(data)) return data;
  const { buffer, byteLength } = data;
  if (buffer instanceof ArrayBuffer && byteLength === buffer.byteLength && !Buffer.isBuffer(data)) {
    buffers.add(buffer);
    return data;
  }
  const copy = new Uint8Array(buffer, data.byteOffset, byteLength).slice();
  buffers.add(copy.buffer);
  if (data instanceof Uint8Array) return copy;
  const View = data.constructor as new (buffer: ArrayBufferLike) => ArrayBufferView;
  return new View(copy.buffer);
}

function place(root: unknown, path: Path, tensor: Tensor): void {
  let holder = root;
  for (const step of path.slice(0, -1)) holder = at(holder, step);
  const last = path[path.length - 1] as string | number;
  if (holder instanceof Map) holder.set([...holder.keys()][last as number], tensor);
  else define(holder as object, last, tensor);
}

function at(holder: unknown, step: string | number): unknown {
  if (holder instanceof Map) return [...holder.values()][step as number];
  return Object.getOwnPropertyDescriptor(holder, step)?.value;
}

/** Own property whatever the name: assignment to `__proto__` would change the prototype instead. */
function define(target: object, key: string | number, value: unknown): void {
  Object.defineProperty(target, key, {
    value,
    enumerable: true,
    configurable: true,
    writable: true,
  });
}

function isPlain(value: object): value is Record<string, unknown> {
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null;
}
