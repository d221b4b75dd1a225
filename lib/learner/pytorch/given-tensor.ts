import { isTensor } from '../runtime/is-tensor.js';
import { ELEMENT_TYPES, dtypeOfArray } from './element-types.js';
import { TensorInputError } from './errors.js';
import type { ModelInputDType } from './model-input.js';

/** Nested arrays, down to numbers or typed arrays. @publicApi */
export type NestedNumbers =
  number | bigint | boolean | string | ArrayBufferView | readonly NestedNumbers[];

/** Elements row by row, with their shape. @publicApi */
export interface ShapedArray {
  readonly data: ArrayBufferView | readonly (number | bigint | boolean | string)[];
  readonly dims: readonly number[];
}

/** The value of a caller for one input, before its conversion. */
export interface GivenTensor {
  /** undefined for plain JavaScript numbers, which have no dtype. */
  readonly dtype: ModelInputDType | undefined;
  readonly data: ArrayLike<number | bigint | boolean | string>;
  readonly dims: readonly number[];
}

/** What `run` takes for one input; a list of several is not among them. */
export function isShaped(value: unknown): value is ShapedArray {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return false;
  const { data, dims } = value as Partial<ShapedArray>;
  return Array.isArray(dims) && (Array.isArray(data) || ArrayBuffer.isView(data));
}

/** @throws TensorInputError for other values, and for elements that do not fill their shape */
export function givenTensor(input: string, value: unknown): GivenTensor {
  if (isTensor(value)) {
    // A tensor on a device does not have its data here.
    return { dtype: value.type as ModelInputDType, data: value.data as never, dims: value.dims };
  }
  if (isShaped(value)) return checked(input, value);
  const dtype = dtypeOfArray(value);
  if (dtype) return { dtype, data: value as never, dims: [(value as Float32Array).length] };
  if (isElement(value)) return { dtype: undefined, data: [value], dims: [] };
  if (Array.isArray(value)) return nested(input, value);
  throw new TensorInputError(
    input,
    `received ${describe(value)}`,
    'give a Tensor, nested arrays of numbers, or { data, dims }',
  );
}

function checked(input: string, { data, dims }: ShapedArray): GivenTensor {
  const dtype = dtypeOfArray(data);
  const length = (data as ArrayLike<unknown>).length;
  if (!dims.every((size) => Number.isInteger(size) && size >= 0)) {
    throw new TensorInputError(input, `has the dims [${dims.join(', ')}]`, 'give whole numbers');
  }
  const elements = dims.reduce((product, size) => product * size, 1);
  if (elements !== length) {
    throw new TensorInputError(
      input,
      `has ${length ?? 'no'} elements, but its dims [${dims.join(', ')}] need ${elements}`,
      'give exactly as many as the dims need',
    );
  }
  return { dtype, data: data as never, dims };
}

/** Deeper than any model needs; a list may contain itself. */
const DEEPEST = 16;

function nested(input: string, value: readonly unknown[]): GivenTensor {
  const dims: number[] = [];
  let dtype: ModelInputDType | undefined;
  for (let item: unknown = value; ; item = (item as readonly unknown[])[0]) {
    const typed = dtypeOfArray(item);
    if (typed) dtype = typed;
    if (!typed && !Array.isArray(item)) break;
    dims.push((item as readonly unknown[]).length);
    if (typed || dims.length > DEEPEST) break;
  }
  if (dims.length > DEEPEST) {
    throw new TensorInputError(
      input,
      `is nested more than ${DEEPEST} deep`,
      'give fewer dimensions',
    );
  }
  const ragged = (): never => {
    throw new TensorInputError(
      input,
      'received nested arrays whose rows differ in length, depth or type',
      'make them equal, or send rows of different lengths in separate calls',
    );
  };
  // Checks every row before it allocates what the first rows announce.
  const rows: ArrayLike<unknown>[] = [];
  const collect = (item: unknown, depth: number): void => {
    const isLast = depth === dims.length - 1;
    const isRow = isLast && dtype ? dtypeOfArray(item) === dtype : Array.isArray(item);
    if (!isRow || (item as ArrayLike<unknown>).length !== dims[depth]) ragged();
    if (isLast) rows.push(item as ArrayLike<unknown>);
    else for (const each of item as readonly unknown[]) collect(each, depth + 1);
  };
  collect(value, 0);
  const width = dims.at(-1)!;
  if (!dtype) {
    const data = rows.flatMap((row) => row as unknown[]);
    if (!data.every(isElement)) ragged();
    return { dtype, data: data as never, dims };
  }
  const data = ELEMENT_TYPES[dtype].allocate(rows.length * width) as Float32Array;
  rows.forEach((row, i) => data.set(row as Float32Array, i * width));
  return { dtype, data, dims };
}

function isElement(value: unknown): value is number | bigint | boolean | string {
  return ['number', 'bigint', 'boolean', 'string'].includes(typeof value);
}

function describe(value: unknown): string {
  if (value === null || value === undefined) return String(value);
  return typeof value === 'object'
    ? `a ${value.constructor?.name ?? 'object'}, which is not an array`
    : `a ${typeof value}`;
}
