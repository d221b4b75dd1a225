import { Tensor } from 'onnxruntime-common';
import { isTensor } from '../../runtime/is-tensor.js';
import { elementNameOf, NdArray } from '../../torch/index.js';
import { ArrayItemError } from '../errors.js';
import { MOST_ELEMENTS, readArrayText } from './array-text.js';
import { isNpy, readNpy } from './npy.js';

/** Nested arrays of numbers; null is a missing value, NaN. @publicApi */
export type NestedArray =
  number | bigint | boolean | null | ArrayBufferView | readonly NestedArray[];

/**
 * An item of a learner of arrays, such as a series of shape `[variables, steps]`:
 *
 * - nested arrays, with null for NaN;
 * - a `Tensor`, or `{ data, dims }` with the elements in row-major order;
 * - the bytes of an `.npy` file;
 * - CSV: numbers separated by commas, semicolons, tabs or spaces, one variable per line, with empty
 *   cells as NaN. It may be bytes or text; JSON text is accepted too.
 *
 * One list of numbers is a series of one variable. Numbers are rounded to float32, as in fastai.
 *
 * @publicApi
 */
export type ArrayItem =
  | NestedArray
  | Tensor
  | { readonly data: ArrayBufferView | readonly number[]; readonly dims: readonly number[] }
  | ArrayBuffer
  | string;

/** An item in one form: its elements in row-major order. */
export interface GivenArray {
  readonly data: ArrayLike<number | bigint>;
  readonly dims: readonly number[];
  /**
   * Whether the dimensions come from the lines of a text. A single line may be one row or the whole
   * item.
   */
  readonly isText?: boolean;
}

const MOST_DIMENSIONS = 8;
const FORMS = 'nested lists of numbers, a Tensor, { data, dims }, .npy bytes or CSV';

/** @throws ArrayItemError */
export function readArray(item: unknown): GivenArray {
  const given = read(item);
  const { dims } = given;
  const shape = `[${dims.slice(0, MOST_DIMENSIONS).join(', ')}]`;
  if (dims.length > MOST_DIMENSIONS) {
    throw new ArrayItemError(`has more than ${MOST_DIMENSIONS} dimensions`, 'send fewer');
  }
  const elements = dims.reduce((product, size) => product * size, 1);
  if (
    elements !== given.data.length ||
    !dims.every((size) => Number.isInteger(size) && size >= 0)
  ) {
    throw new ArrayItemError(
      `has ${given.data.length} elements, but its dims ${shape} need ${elements}`,
      'give exactly as many as the dims need',
    );
  }
  if (elements === 0) throw new ArrayItemError(`of shape ${shape} is empty`, 'send some numbers');
  if (elements > MOST_ELEMENTS) {
    throw new ArrayItemError(`has more than ${MOST_ELEMENTS} elements`, 'send fewer');
  }
  return given;
}

function read(item: unknown): GivenArray {
  if (isTensor(item)) {
    const { type, data, dims } = item;
    if (type === 'string' || type === 'float16') throw unknown(`is a tensor of ${type}`);
    return { data: data as Float32Array, dims };
  }
  if (typeof item === 'string') return ofText(item);
  if (item instanceof ArrayBuffer) return ofBytes(new Uint8Array(item));
  if (item instanceof Uint8Array) return ofBytes(item);
  if (ArrayBuffer.isView(item)) return { data: typed(item), dims: [typed(item).length] };
  if (item instanceof NdArray) return ofNdArray(item);
  if (Array.isArray(item)) return nested(item);
  if (typeof item === 'object' && item !== null && 'data' in item && 'dims' in item) {
    return ofParts(item);
  }
  if (typeof item === 'number') return { data: [item], dims: [] };
  throw unknown(`is ${item === null ? 'null' : `a value of type ${typeof item}`}`);
}

const unknown = (fact: string): ArrayItemError => new ArrayItemError(fact, `give ${FORMS}`);

function ofBytes(bytes: Uint8Array): GivenArray {
  if (isNpy(bytes)) return ofNdArray(readNpy(bytes));
  const text = new TextDecoder('utf-8', { fatal: true });
  try {
    return ofText(text.decode(bytes));
  } catch (error) {
    if (error instanceof ArrayItemError) throw error;
    throw unknown('consists of bytes that are neither an .npy file nor text');
  }
}

function ofText(text: string): GivenArray {
  const trimmed = text.trim();
  if (!/^[[{]/.test(trimmed)) return { ...readArrayText(trimmed), isText: true };
  let value: unknown;
  try {
    value = JSON.parse(trimmed);
  } catch {
    throw unknown('is text that begins like JSON but is not valid JSON');
  }
  return read(value);
}

function ofNdArray(array: NdArray): GivenArray {
  const { data, shape } = array;
  if (Array.isArray(data)) throw unknown('contains values that are not numbers');
  return { data: data as Float32Array, dims: shape };
}

function ofParts(item: { readonly data: unknown; readonly dims: unknown }): GivenArray {
  const { data, dims } = item;
  if (!Array.isArray(dims) || !dims.every((size) => typeof size === 'number')) {
    throw unknown('has dims that are not a list of numbers');
  }
  if (ArrayBuffer.isView(data)) return { data: typed(data), dims };
  if (!Array.isArray(data)) throw unknown('has data that are not a list of numbers');
  return { data: data.map(element), dims };
}

function typed(view: ArrayBufferView): ArrayLike<number | bigint> {
  if (elementNameOf(view) === undefined && !(view instanceof Uint8ClampedArray)) {
    throw unknown('is not a typed array of numbers');
  }
  return view as Float32Array;
}

function element(value: unknown): number | bigint {
  if (typeof value === 'number' || typeof value === 'bigint') return value;
  if (value === null) return NaN;
  if (typeof value === 'boolean') return Number(value);
  const what = typeof value === 'string' ? 'the text' : `a value of type ${typeof value}`;
  const shown = typeof value === 'string' ? ` "${value.slice(0, 40)}"` : '';
  throw new ArrayItemError(`contains ${what}${shown}`, 'send numbers, or null for a missing value');
}

const isRow = (value: unknown): value is readonly unknown[] | ArrayBufferView =>
  Array.isArray(value) || ArrayBuffer.isView(value);

const lengthOf = (row: readonly unknown[] | ArrayBufferView): number =>
  Array.isArray(row) ? row.length : typed(row as ArrayBufferView).length;

/** Nested lists of one depth, with one length in each dimension. */
function nested(list: readonly unknown[]): GivenArray {
  const dims: number[] = [];
  for (let row: unknown = list; isRow(row); row = (row as readonly unknown[])[0]) {
    dims.push(lengthOf(row));
    if (dims.length > MOST_DIMENSIONS) {
      throw new ArrayItemError(
        `is nested more than ${MOST_DIMENSIONS} deep`,
        'send fewer dimensions',
      );
    }
    if (!Array.isArray(row) || row.length === 0) break;
  }
  const data: (number | bigint)[] = [];
  const collect = (row: unknown, depth: number): void => {
    if (!isRow(row) || lengthOf(row) !== dims[depth]) throw ragged(depth);
    const inner = depth < dims.length - 1;
    if (!inner && data.length + lengthOf(row) > MOST_ELEMENTS) {
      throw new ArrayItemError(`has more than ${MOST_ELEMENTS} elements`, 'send fewer');
    }
    for (const value of Array.isArray(row) ? row : Array.from(typed(row as ArrayBufferView))) {
      if (inner) collect(value, depth + 1);
      else if (isRow(value)) throw ragged(depth + 1);
      else data.push(element(value));
    }
  };
  collect(list, 0);
  return { data, dims };
}

const ragged = (depth: number): ArrayItemError =>
  new ArrayItemError(
    `has rows of different lengths or depths (in dimension ${depth}, counted from 0)`,
    'make their lengths equal',
  );
