import { Fault } from '../errors.js';
import { allocate, DTYPES, integerRange, type NdarrayData, type NdarrayDType } from './dtypes.js';
import { toHalf } from './float16.js';
import { checkedShape, eachElement, product } from './nested.js';

interface ReadOptions {
  readonly dtype: NdarrayDType;
  /** Elements must be of the dtype already; else they are cast as numpy casts them. */
  readonly enforce: boolean;
  /** null is NaN in float arrays. */
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

type Convert = (item: unknown, position: () => string) => number | bigint | string;

function converter({ dtype, enforce, allowNaN }: ReadOptions): Convert {
  const info = DTYPES[dtype];
  const refuse = (item: unknown, position: () => string): never => {
    throw new Fault(`${position()} is ${describe(item)}, which is no ${dtype}`);
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
      // A larger one has lost digits already, in whoever parsed the body before.
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
