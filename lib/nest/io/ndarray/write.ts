import type { Tensor } from 'onnxruntime-common';
import { isTensor } from '../../../learner/runtime/is-tensor.js';
import { Fault, nameOf } from '../errors.js';
import {
  dtypeOf,
  DTYPES,
  isDtype,
  sameKind,
  type NdarrayDType,
  type NumberArray,
} from './dtypes.js';
import { fromHalf, toHalf } from './float16.js';
import { checkedShape, eachElement } from './nested.js';

/** Nested arrays of equal elements. @publicApi */
export type NestedArray = readonly (number | bigint | boolean | string | NestedArray)[];

/** A typed array; it counts as an array of one dimension. @publicApi */
export type NdarrayView = NumberArray | BigInt64Array | BigUint64Array;

/** The types that a handler can return as an array. @publicApi */
export type NdarrayOutput = Tensor | NdarrayView | NestedArray;

/** Elements in row-major order. Half-precision numbers have been widened. */
export interface Elements {
  readonly dtype: NdarrayDType;
  readonly dims: readonly number[];
  readonly values: ArrayLike<unknown>;
}

/** The elements of a tensor, a typed array or nested arrays. @throws Fault */
export function elementsOf(value: unknown): Elements {
  if (isTensor(value)) return ofTensor(value);
  if (ArrayBuffer.isView(value)) {
    const dtype = dtypeOf(value);
    if (dtype === undefined) throw new Fault('it is not a view of numbers');
    const values = value as NdarrayView as ArrayLike<unknown>;
    return { dtype, dims: [values.length], values };
  }
  if (!Array.isArray(value)) throw new Fault(`it is ${nameOf(value)}, not an array`);
  return ofNested(value);
}

/** The elements in another dtype; undefined if numpy's `same_kind` does not allow the cast. */
export function cast(elements: Elements, dtype: NdarrayDType): Elements | undefined {
  if (elements.dtype === dtype) return elements;
  const { kind, bits } = DTYPES[dtype];
  const { values } = elements;
  // JavaScript's numbers are floats only nominally.
  const whole =
    elements.dtype === 'float64' &&
    (kind === 'int' || kind === 'uint') &&
    Array.isArray(values) &&
    values.every((value) => Number.isInteger(value));
  if (!whole && !sameKind(elements.dtype, dtype)) return undefined;
  if (kind !== 'float') return { ...elements, dtype };
  const round =
    bits === 64 ? Number : bits === 32 ? Math.fround : (value: number) => fromHalf(toHalf(value));
  return { ...elements, dtype, values: Array.from(values, (value) => round(Number(value))) };
}

/**
 * Rows up to this length are written element by element; for longer ones, `JSON.stringify` is
 * faster.
 */
const SHORT_ROW = 1024;

/** Nested JSON arrays: null for NaN and the infinities, and 64-bit integers with all digits. */
export function toJson({ dtype, dims, values }: Elements): string {
  const print = rowPrinter(dtype);
  const rows = (depth: number, from: number, count: number): string => {
    const size = dims[depth] as number;
    if (depth === dims.length - 1) return print(values, from, from + size);
    const step = size === 0 ? 0 : count / size;
    const parts: string[] = [];
    for (let i = 0; i < size; i++) parts.push(rows(depth + 1, from + i * step, step));
    return `[${parts.join(',')}]`;
  };
  if (dims.length === 0) return print(values, 0, 1).slice(1, -1);
  return rows(0, 0, values.length);
}

type PrintRow = (values: ArrayLike<unknown>, from: number, to: number) => string;

function rowPrinter(dtype: NdarrayDType): PrintRow {
  const { kind, bits } = DTYPES[dtype];
  if (kind === 'float') return printFloats;
  const rowOf = (values: ArrayLike<unknown>, from: number, to: number): unknown[] =>
    Array.prototype.slice.call(values, from, to);
  if (kind === 'bool') return (...row) => JSON.stringify(rowOf(...row).map(Boolean));
  if (kind !== 'string' && bits === 64)
    return (...row) =>
      `[${rowOf(...row)
        .map(String)
        .join(',')}]`;
  return (...row) => JSON.stringify(rowOf(...row));
}

/** In the format of `JSON.stringify`. */
function printFloats(values: ArrayLike<unknown>, from: number, to: number): string {
  if (to - from > SHORT_ROW) return JSON.stringify(Array.prototype.slice.call(values, from, to));
  let text = '[';
  for (let at = from; at < to; at++) {
    const value = values[at] as number;
    if (at > from) text += ',';
    text += Number.isFinite(value) ? value : 'null';
  }
  return `${text}]`;
}

function ofTensor(tensor: Tensor): Elements {
  const { type, dims, data } = tensor;
  if (!isDtype(type)) throw new Fault(`it is a tensor of type ${type}`);
  const bits = type === 'float16' && data instanceof Uint16Array;
  const values = bits ? Array.from(data, fromHalf) : (data as ArrayLike<unknown>);
  return { dtype: type, dims, values };
}

function ofNested(value: readonly unknown[]): Elements {
  const values: unknown[] = [];
  const dims = checkedShape(value);
  const types = new Set<string>();
  eachElement(value, dims, (item, _index, position) => {
    if (!['number', 'bigint', 'boolean', 'string'].includes(typeof item)) {
      throw new Fault(`${position()} is ${nameOf(item)}`);
    }
    types.add(typeof item);
    values.push(item);
  });
  if (types.size > 1) throw new Fault(`it mixes ${[...types].join(' and ')}`);
  const names: Record<string, NdarrayDType> = {
    bigint: 'int64',
    boolean: 'bool',
    string: 'string',
  };
  return { dtype: names[[...types][0] ?? ''] ?? 'float64', dims, values };
}
