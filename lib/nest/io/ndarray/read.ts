import { Fault } from '../errors.js';
import type { BinaryArray } from './binary.js';
import {
  allocate,
  DTYPES,
  integerRange,
  type NdarrayData,
  type NdarrayDType,
  type NumberArray,
} from './dtypes.js';
import { fromHalf, toHalf } from './float16.js';
import { checkedShape, eachElement, product } from './nested.js';

interface ReadOptions {
  readonly dtype: NdarrayDType;
  /** Whether elements must already have the dtype; otherwise they are cast as in numpy. */
  readonly enforce: boolean;
  /** Whether null means NaN in float arrays, and binary arrays may have NaN and the infinities. */
  readonly allowNaN: boolean;
}

/** Nested arrays as the data and dims of a tensor. @throws Fault naming the position. */
export function readNested(
  value: unknown,
  options: ReadOptions,
): { data: NdarrayData; dims: number[] } {
  const dims = checkedShape(value);
  const data = allocate(options.dtype, product(dims));
  const convert = converter(options);
  eachElement(value, dims, (item, index, position) => {
    data[index] = convert(item, position) as never;
  });
  return { data, dims };
}

/** The elements of a binary array, in the wanted dtype. @throws Fault */
export function convertElements(
  { dtype, dims, data }: BinaryArray,
  options: ReadOptions,
): NdarrayData {
  const wanted = options.dtype;
  const whereIs = (index: number): string => positionOf(index, dims);
  if (dtype === wanted) {
    if (!options.allowNaN) checkFinite(dtype, data, whereIs);
    return data;
  }
  if (options.enforce) {
    const fact = `expecting an array of dtype ${wanted}, but got ${dtype}`;
    throw new Fault(fact, 'send it in that dtype');
  }
  const convert = converter(options);
  const converted = allocate(wanted, data.length);
  const { kind } = DTYPES[wanted];
  for (let index = 0; index < data.length; index++) {
    let item = data[index] as unknown;
    if (dtype === 'float16') item = fromHalf(item as number);
    else if (dtype === 'bool') item = item === 1;
    if (typeof item === 'bigint' && (kind === 'float' || kind === 'bool')) item = Number(item);
    if (kind === 'float' && options.allowNaN && !Number.isFinite(Number(item))) {
      converted[index] = (wanted === 'float16' ? toHalf(item as number) : item) as never;
    } else converted[index] = convert(item, () => whereIs(index)) as never;
  }
  return converted;
}

/** NaN and the infinities are refused in bytes as they are in JSON. */
function checkFinite(
  dtype: NdarrayDType,
  data: NdarrayData,
  whereIs: (index: number) => string,
): void {
  if (DTYPES[dtype].kind !== 'float') return;
  const numbers = data as NumberArray;
  for (let index = 0; index < numbers.length; index++) {
    const stored = numbers[index] as number;
    if (dtype === 'float16' ? (stored & 0x7c00) !== 0x7c00 : Number.isFinite(stored)) continue;
    const value = dtype === 'float16' ? fromHalf(stored) : stored;
    throw new Fault(`${whereIs(index)} is ${value}, which is not a valid ${dtype}`);
  }
}

/** The position of an element in nested arrays. */
export function positionOf(index: number, dims: readonly number[]): string {
  if (dims.length === 0) return 'the body';
  let rest = index;
  const path = dims.toReversed().map((dim) => {
    const at = rest % dim;
    rest = (rest - at) / dim;
    return `[${at}]`;
  });
  return path.reverse().join('');
}

type Convert = (item: unknown, position: () => string) => number | bigint | string;

function converter({ dtype, enforce, allowNaN }: ReadOptions): Convert {
  const info = DTYPES[dtype];
  const refuse = (item: unknown, position: () => string): never => {
    throw new Fault(`${position()} is ${describe(item)}, which is not a valid ${dtype}`);
  };
  const isFlag = (item: unknown): item is boolean => typeof item === 'boolean' && !enforce;
  switch (info.kind) {
    case 'string':
      return (item, at) => (typeof item === 'string' ? item : refuse(item, at));
    case 'bool':
      return (item, at) => {
        if (typeof item === 'boolean') return item ? 1 : 0;
        return typeof item === 'number' && !enforce ? (item === 0 ? 0 : 1) : refuse(item, at);
      };
    case 'float':
      return (item, at) => {
        if (item === null && allowNaN) return dtype === 'float16' ? toHalf(NaN) : NaN;
        const value = isFlag(item) ? Number(item) : item;
        if (typeof value !== 'number') return refuse(item, at);
        if (dtype === 'float16') {
          const bits = toHalf(value);
          return (bits & 0x7fff) === 0x7c00 ? refuse(item, at) : bits;
        }
        const stored = dtype === 'float32' ? Math.fround(value) : value;
        return Number.isFinite(stored) ? value : refuse(item, at);
      };
    default:
      return integerConverter(info.bits === 64, integerRange(info), enforce, refuse);
  }
}

function integerConverter(
  wide: boolean,
  [least, most]: readonly [bigint, bigint],
  enforce: boolean,
  refuse: (item: unknown, position: () => string) => never,
): Convert {
  return (item, at) => {
    let value = item;
    if (typeof value === 'boolean' && !enforce) value = Number(value);
    if (typeof value === 'number') {
      const whole = Math.trunc(value);
      // A larger number has already lost digits in an earlier parser.
      if ((enforce && whole !== value) || !Number.isSafeInteger(whole)) return refuse(item, at);
      value = BigInt(whole);
    }
    if (typeof value !== 'bigint' || value < least || value > most) return refuse(item, at);
    return wide ? value : Number(value);
  };
}

function describe(item: unknown): string {
  if (typeof item === 'string') return 'a string';
  return typeof item === 'object' && item !== null ? 'an object' : String(item);
}
