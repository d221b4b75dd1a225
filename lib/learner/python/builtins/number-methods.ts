import type { Context } from '../context.js';
import { TYPES } from '../types.js';
import { MethodWrapper, Slice, Tuple, type Builtin, type Value } from '../values.js';
import { attribute, fill, fn, method, typeName } from './define.js';
import { ARITHMETIC, BITS, comparisons, operators, TEXTS } from './dunders.js';
import { toDouble } from './int-text.js';
import { sliceIndices } from './slicing.js';
import { asBytes, asFloat, asInt } from './unwrap.js';

function intOf(ctx: Context, self: Value): bigint {
  const value = asInt(self);
  if (value === undefined) throw ctx.raise('TypeError', `an int is needed, not ${typeName(self)}`);
  return value;
}

function floatOf(ctx: Context, self: Value): number {
  const value = asFloat(self);
  if (value === undefined) throw ctx.raise('TypeError', `a float is needed, not ${typeName(self)}`);
  return value;
}

const magnitude = (value: bigint): bigint => (value < 0n ? -value : value);

function toBytes(
  ctx: Context,
  value: bigint,
  length: number,
  order: string,
  signed: boolean,
): Uint8Array {
  if (order !== 'big' && order !== 'little') {
    throw ctx.raise('ValueError', "byteorder must be either 'little' or 'big'");
  }
  if (value < 0n && !signed)
    throw ctx.raise('OverflowError', "can't convert negative int to unsigned");
  ctx.budget.charge(Math.max(length, 0));
  const bits = BigInt(length) * 8n;
  if (
    length < 0 ||
    BigInt.asUintN(length * 8, value) !== (value < 0n ? value + (1n << bits) : value) ||
    (signed && length > 0 && BigInt.asIntN(length * 8, value) !== value)
  ) {
    throw ctx.raise('OverflowError', 'int too big to convert');
  }
  const bytes = new Uint8Array(length);
  let rest = BigInt.asUintN(length * 8, value);
  for (let at = length - 1; at >= 0; at--) {
    bytes[at] = Number(rest & 0xffn);
    rest >>= 8n;
  }
  return order === 'big' ? bytes : bytes.reverse();
}

const INT: readonly Builtin[] = [
  method('bit_length', '', (ctx, self) => {
    const value = magnitude(intOf(ctx, self));
    return value === 0n ? 0n : BigInt(value.toString(2).length);
  }),
  method('bit_count', '', (ctx, self) =>
    BigInt(magnitude(intOf(ctx, self)).toString(2).replaceAll('0', '').length),
  ),
  method('conjugate', '', (ctx, self) => intOf(ctx, self)),
  method('is_integer', '', () => true),
  method('as_integer_ratio', '', (ctx, self) => new Tuple([intOf(ctx, self), 1n])),
  method('to_bytes', 'length=, byteorder=, *, signed=', (ctx, self, given) =>
    toBytes(
      ctx,
      intOf(ctx, self),
      given.count('length', 1),
      given.str('byteorder', 'big'),
      given.truth('signed', false),
    ),
  ),
  method('__int__', '', (ctx, self) => intOf(ctx, self)),
  method('__index__', '', (ctx, self) => intOf(ctx, self)),
  method('__float__', '', (ctx, self) => toDouble(ctx, intOf(ctx, self))),
  method('__bool__', '', (ctx, self) => intOf(ctx, self) !== 0n),
  method('__neg__', '', (ctx, self) => -intOf(ctx, self)),
  method('__abs__', '', (ctx, self) => magnitude(intOf(ctx, self))),
];

const FLOAT: readonly Builtin[] = [
  method('is_integer', '', (ctx, self) => Number.isInteger(floatOf(ctx, self))),
  method('conjugate', '', (ctx, self) => floatOf(ctx, self)),
  method('as_integer_ratio', '', (ctx, self) => ratio(ctx, floatOf(ctx, self))),
  method('__int__', '', (ctx, self) => truncate(ctx, floatOf(ctx, self))),
  method('__float__', '', (ctx, self) => floatOf(ctx, self)),
  method('__bool__', '', (ctx, self) => floatOf(ctx, self) !== 0),
  method('__neg__', '', (ctx, self) => -floatOf(ctx, self)),
  method('__abs__', '', (ctx, self) => Math.abs(floatOf(ctx, self))),
];

/** `int(value)` of a float. */
export function truncate(ctx: Context, value: number): bigint {
  if (Number.isNaN(value)) throw ctx.raise('ValueError', 'cannot convert float NaN to integer');
  if (!Number.isFinite(value)) {
    throw ctx.raise('OverflowError', 'cannot convert float infinity to integer');
  }
  return BigInt(Math.trunc(value));
}

function ratio(ctx: Context, value: number): Tuple {
  truncate(ctx, value);
  let denominator = 1n;
  let scaled = value;
  while (!Number.isInteger(scaled)) {
    scaled *= 2;
    denominator *= 2n;
  }
  return new Tuple([BigInt(scaled), denominator]);
}

const FROM_BYTES = fn('from_bytes', 'cls, bytes, byteorder=, *, signed=', (ctx, given) => {
  const source =
    asBytes(given.get('bytes')) ??
    Uint8Array.from(ctx.iterate(given.get('bytes')), (item) => Number(ctx.index(item)));
  const order = given.str('byteorder', 'big');
  if (order !== 'big' && order !== 'little') {
    throw ctx.raise('ValueError', "byteorder must be either 'little' or 'big'");
  }
  ctx.budget.step(source.length);
  const bytes = order === 'big' ? source : source.toReversed();
  const hex = Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');
  const value = hex === '' ? 0n : BigInt(`0x${hex}`);
  return given.truth('signed', false) ? BigInt.asIntN(bytes.length * 8, value) : value;
});

export function fillNumbers(): void {
  fill(TYPES.int, [...INT, ...TEXTS, ...comparisons(), ...operators([...ARITHMETIC, ...BITS])]);
  TYPES.int.attrs.set('from_bytes', new MethodWrapper('class', FROM_BYTES));
  fill(TYPES.float, [...FLOAT, ...TEXTS, ...comparisons(), ...operators(ARITHMETIC)]);
  const asNumber = (self: Value): Value => asInt(self) ?? asFloat(self) ?? null;
  TYPES.int.attrs.set('real', attribute('real', asNumber));
  TYPES.int.attrs.set('numerator', attribute('numerator', asNumber));
  TYPES.int.attrs.set(
    'imag',
    attribute('imag', () => 0n),
  );
  TYPES.int.attrs.set(
    'denominator',
    attribute('denominator', () => 1n),
  );
  TYPES.float.attrs.set('real', attribute('real', asNumber));
  TYPES.float.attrs.set(
    'imag',
    attribute('imag', () => 0),
  );
  fill(TYPES.slice, [
    method('indices', 'length', (ctx, self, given) => {
      const { start, stop, step } = sliceIndices(ctx, self as Slice, given.count('length'));
      return new Tuple([BigInt(start), BigInt(stop), BigInt(step)]);
    }),
    ...TEXTS,
  ]);
  for (const name of ['start', 'stop', 'step'] as const) {
    TYPES.slice.attrs.set(
      name,
      attribute(name, (self) => (self as Slice)[name]),
    );
  }
}
