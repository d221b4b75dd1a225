import { Tensor } from 'onnxruntime-common';
import {
  isPackedFrame,
  packFrame,
  unshared,
} from '../../../learner/fastai/tabular/packed-frame.js';
import { isFrame } from '../../../learner/fastai/tabular/table.js';
import { isTensor } from '../../../learner/runtime/is-tensor.js';

type Path = readonly (string | number)[];

/** Up to this size, a transfer of a buffer takes longer than a copy. */
const SMALL_BYTES = 1024;

interface TensorAt {
  readonly path: Path;
  readonly type: string;
  readonly dims: readonly number[];
  readonly data: unknown;
}

/**
 * A value in a form that survives a message between threads. A structured clone drops the class of
 * tensors, so they are taken out and listed with their places.
 */
export interface Encoded {
  readonly value: unknown;
  readonly tensors?: readonly TensorAt[];
}

/**
 * Encodes a value. Adds the buffers of its tensors and typed arrays to `buffers`, if given, for a
 * transfer: the sender gives them up. Data frames are packed. With `share` they may use memory that
 * both threads share, which is impossible with another process.
 */
export function encode(value: unknown, buffers?: Set<ArrayBuffer>, share = false): Encoded {
  if (typeof value !== 'object' || value === null) return { value };
  const tensors: TensorAt[] = [];
  if (isTensor(value)) {
    const { type, dims, data } = value;
    return { value: null, tensors: [{ path: [], type, dims, data: owned(data, buffers) }] };
  }
  const stripped = strip(value, [], tensors, buffers, share);
  return tensors.length > 0 ? { value: stripped, tensors } : { value: stripped };
}

/** Like {@link encode}, for a value that nobody else uses. Small buffers are copied. */
export function encodeOwn(value: unknown, buffers: Set<ArrayBuffer>): Encoded {
  const encoded = encode(value, buffers);
  for (const buffer of buffers) if (buffer.byteLength <= SMALL_BYTES) buffers.delete(buffer);
  return encoded;
}

/** Restores the class and the places of the tensors in an encoded value. */
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
  /** Grows and shrinks as the value is walked. */
  path: (string | number)[],
  tensors: TensorAt[],
  buffers: Set<ArrayBuffer> | undefined,
  share: boolean,
): unknown {
  if (typeof value !== 'object' || value === null) return value;
  if (isTensor(value)) {
    const data = owned(value.data, buffers);
    tensors.push({ path: [...path], type: value.type, dims: value.dims, data });
    return null;
  }
  if (ArrayBuffer.isView(value)) return owned(value, buffers);
  const inside = (step: string | number, item: unknown): unknown => {
    if (typeof item !== 'object' || item === null) return item;
    path.push(step);
    const stripped = strip(item, path, tensors, buffers, share);
    path.pop();
    return stripped;
  };
  if (Array.isArray(value)) return value.map((item, index) => inside(index, item));
  if (value instanceof Map) {
    return new Map([...value].map(([key, item], index) => [key, inside(index, item)]));
  }
  const frame = isFrame(value) ? packFrame(value) : isPackedFrame(value) ? value : undefined;
  if (frame !== undefined) return share ? frame : unshared(frame);
  if (!isPlain(value)) return value;
  const copy: Record<string, unknown> = {};
  for (const [key, item] of Object.entries(value)) define(copy, key, inside(key, item));
  return copy;
}

/** The view itself if its whole buffer can be transferred, otherwise a copy. */
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

/**
 * An own property whatever its name: an assignment to `__proto__` would change the prototype
 * instead.
 */
function define(target: object, key: string | number, value: unknown): void {
  if (Array.isArray(target)) {
    target[key as number] = value;
    return;
  }
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
