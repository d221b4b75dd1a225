import { LibraryError, LibraryLimitError } from '../library-error.js';
import type { BinaryOp, CompareOp } from '../../../python/host.js';
import {
  boundsOf,
  DEFAULT_TYPES,
  isFloat,
  kindOf,
  promoted,
  promotedWeak,
  type NpDType,
  type Weak,
} from './dtypes.js';
import { Nd, walk } from './nd-array.js';

/** An array, or a Python number, whose type yields. */
export interface Operand {
  readonly array: Nd;
  readonly weak?: Weak;
}

/** The type in which an operation of two values runs. */
export function commonType(
  { array: a, weak: weakA }: Operand,
  { array: b, weak: weakB }: Operand,
): NpDType {
  if (weakA && weakB) return promoted(DEFAULT_TYPES[weakA], DEFAULT_TYPES[weakB]);
  if (weakB) return promotedWeak(a.dtype, weakB);
  if (weakA) return promotedWeak(b.dtype, weakA);
  return promoted(a.dtype, b.dtype);
}

export function commonShape(shapes: readonly (readonly number[])[]): number[] {
  const rank = Math.max(0, ...shapes.map(({ length }) => length));
  return Array.from({ length: rank }, (_, axis) => {
    const sizes = shapes.map((shape) => shape[axis - rank + shape.length] ?? 1);
    const size = sizes.find((one) => one !== 1) ?? 1;
    if (sizes.some((one) => one !== 1 && one !== size)) {
      const all = shapes.map((shape) => `(${shape.join(',')}${shape.length === 1 ? ',' : ''})`);
      throw new LibraryError(
        'ValueError',
        `operands could not be broadcast together with shapes ${all.join(' ')}`,
      );
    }
    return size;
  });
}

/** Applies a function to pairs of elements, in a type. */
export function zipped(a: Nd, b: Nd, dtype: NpDType, f: (x: number, y: number) => number): Nd {
  const shape = commonShape([a.shape, b.shape]);
  const out = Nd.of(dtype, shape);
  const [left, right] = [a.broadcast(shape)!, b.broadcast(shape)!];
  const { data } = out;
  const { data: x } = left;
  const { data: y } = right;
  walk(shape, [out, left, right], (n, [to, i, j], [, stepX, stepY]) => {
    for (let k = 0; k < n; k++) data[to! + k] = f(x[i! + k * stepX!]!, y[j! + k * stepY!]!);
  });
  checked(out);
  return out;
}

export function mapped(a: Nd, dtype: NpDType, f: (x: number) => number): Nd {
  const out = Nd.of(dtype, a.shape);
  const { data } = out;
  walk(a.shape, [out, a], (n, [to, from], [, step]) => {
    for (let k = 0; k < n; k++) data[to! + k] = f(a.data[from! + k * step!]!);
  });
  checked(out);
  return out;
}

/** Integers of 64 bits are doubles here: inexact values are refused. */
export function checked({ dtype, data }: Nd): void {
  if (dtype !== 'int64' && dtype !== 'uint64') return;
  for (const value of data) {
    if (Math.abs(value) > Number.MAX_SAFE_INTEGER || (dtype === 'uint64' && value < 0)) {
      throw new LibraryLimitError('An integer beyond 2^53 in a numpy array is not supported');
    }
  }
}

/** Converts to the common type: a Python number must be within its bounds. */
export function prepared({ array, weak }: Operand, dtype: NpDType): Nd {
  if (array.dtype === dtype) return array;
  if (weak === 'int' && !isFloat(dtype)) {
    const [low, high] = boundsOf(dtype);
    const value = array.first;
    if (value < low || value > high) {
      throw new LibraryError('OverflowError', `Python integer ${value} out of bounds for ${dtype}`);
    }
  }
  return array.astype(dtype);
}

const floored = (x: number, y: number): number => Math.floor(x / y);
const modulo = (x: number, y: number): number => {
  const rest = x % y;
  return rest !== 0 && rest < 0 !== y < 0 ? rest + y : rest;
};

const ARITHMETIC: Readonly<Partial<Record<BinaryOp, (x: number, y: number) => number>>> = {
  '+': (x, y) => x + y,
  '-': (x, y) => x - y,
  '*': (x, y) => x * y,
  '//': floored,
  '%': modulo,
  '**': (x, y) => x ** y,
};

const BITS: Readonly<Partial<Record<BinaryOp, (x: number, y: number) => number>>> = {
  '&': (x, y) => x & y,
  '|': (x, y) => x | y,
  '^': (x, y) => x ^ y,
  '<<': (x, y) => (y > 31 ? 0 : x << y),
  '>>': (x, y) => (y > 31 ? (x < 0 ? -1 : 0) : x >> y),
};

/** `a op b` with numpy's types. Undefined for an operator that arrays lack. */
export function binary(op: BinaryOp, a: Operand, b: Operand): Nd | undefined {
  let dtype = commonType(a, b);
  if (op === '/') {
    if (!isFloat(dtype)) dtype = 'float64';
    return zipped(prepared(a, dtype), prepared(b, dtype), dtype, (x, y) => x / y);
  }
  const bits = BITS[op];
  if (bits) return bitwise(op, bits, dtype, a, b);
  const f = ARITHMETIC[op];
  if (!f) return undefined;
  if (dtype === 'bool') {
    if (op === '-') {
      throw new LibraryError(
        'TypeError',
        'numpy boolean subtract, the `-` operator, is not supported, use the bitwise_xor, the `^` operator, or the logical_xor function instead.',
      );
    }
    if (op === '+' || op === '*') {
      return zipped(a.array, b.array, 'bool', op === '+' ? (x, y) => x | y : (x, y) => x & y);
    }
    dtype = 'int8';
  }
  const [x, y] = [prepared(a, dtype), prepared(b, dtype)];
  if (isFloat(dtype)) return zipped(x, y, dtype, f);
  if (op === '//' || op === '%') return zipped(x, y, dtype, (p, q) => (q === 0 ? 0 : f(p, q)));
  if (op === '**') return zipped(x, y, dtype, power(dtype));
  if (op === '*' && (dtype === 'int32' || dtype === 'uint32'))
    return zipped(x, y, dtype, Math.imul);
  return zipped(x, y, dtype, f);
}

/** Uses products, which wrap like the type. */
function power(dtype: NpDType): (x: number, y: number) => number {
  const narrow = dtype !== 'int64' && dtype !== 'uint64';
  return (x, y) => {
    if (y < 0) {
      throw new LibraryError('ValueError', 'Integers to negative integer powers are not allowed.');
    }
    if (!narrow) return x ** y;
    let [result, base] = [1, x];
    for (let left = y; left > 0; left = Math.floor(left / 2)) {
      if (left % 2 === 1) result = Math.imul(result, base);
      base = Math.imul(base, base);
    }
    return result;
  };
}

function bitwise(
  op: BinaryOp,
  f: (x: number, y: number) => number,
  dtype: NpDType,
  a: Operand,
  b: Operand,
): Nd {
  if (isFloat(dtype)) {
    throw new LibraryError(
      'TypeError',
      `ufunc '${op}' not supported for the input types, and the inputs could not be safely coerced`,
    );
  }
  const shifts = op === '<<' || op === '>>';
  const type = dtype === 'bool' && shifts ? 'int8' : dtype;
  const [x, y] = [prepared(a, type), prepared(b, type)];
  if (type === 'int64' || type === 'uint64' || type === 'uint32') {
    for (const value of [...x.flat(), ...y.flat()]) {
      if (value > 0x7fffffff || value < -0x80000000) {
        throw new LibraryLimitError(
          'Bitwise operations on integers of more than 32 bits are not supported',
        );
      }
    }
    if (op === '<<') return zipped(x, y, type, (p, q) => p * 2 ** q);
  }
  return zipped(x, y, type, f);
}

const COMPARE: Readonly<Record<CompareOp, (x: number, y: number) => boolean>> = {
  '<': (x, y) => x < y,
  '<=': (x, y) => x <= y,
  '==': (x, y) => x === y,
  '!=': (x, y) => x !== y,
  '>': (x, y) => x > y,
  '>=': (x, y) => x >= y,
};

export function compare(op: CompareOp, a: Operand, b: Operand): Nd {
  const f = COMPARE[op];
  const rounded = (one: Operand, other: Operand): Nd =>
    one.weak && other.array.dtype === 'float32' ? one.array.astype('float32') : one.array;
  return zipped(rounded(a, b), rounded(b, a), 'bool', (x, y) => (f(x, y) ? 1 : 0));
}

/** The result type of a float function: `np.sqrt` of bytes would give half precision. */
export function floatType(dtype: NpDType): NpDType {
  if (isFloat(dtype)) return dtype;
  const small = dtype === 'bool' || dtype === 'uint8' || dtype === 'int8';
  if (small) throw new LibraryLimitError('Half precision of numpy is not supported');
  return dtype === 'int16' || dtype === 'uint16' ? 'float32' : 'float64';
}

export function negated(a: Nd): Nd {
  if (kindOf(a.dtype) === 'b') {
    throw new LibraryError(
      'TypeError',
      'The numpy boolean negative, the `-` operator, is not supported, use the `~` operator or the logical_not function instead.',
    );
  }
  return mapped(a, a.dtype, (x) => -x);
}

export function inverted(a: Nd): Nd {
  if (a.dtype === 'bool') return mapped(a, 'bool', (x) => 1 - x);
  if (isFloat(a.dtype))
    throw new LibraryError('TypeError', "ufunc 'invert' not supported for the input types");
  return mapped(a, a.dtype, (x) => -x - 1);
}
