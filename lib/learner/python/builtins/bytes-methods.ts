import type { Context } from '../context.js';
import { TYPES } from '../types.js';
import { List, MethodWrapper, type Builtin, type Value } from '../values.js';
import { decode } from './codecs.js';
import { fill, fn, method, typeName } from './define.js';
import { comparisons, CONTAINER, INDEXED, operators, TEXTS } from './dunders.js';
import { asBytes, asTuple } from './unwrap.js';

function bytesOf(ctx: Context, self: Value): Uint8Array {
  const bytes = asBytes(self);
  if (!bytes)
    throw ctx.raise('TypeError', `a bytes-like object is required, not '${typeName(self)}'`);
  return bytes;
}

/** Bytes as a text of equal length, which JavaScript can search. */
const textOf = (bytes: Uint8Array): string => Buffer.from(bytes).toString('latin1');
const bytesOfText = (text: string): Uint8Array => new Uint8Array(Buffer.from(text, 'latin1'));

function affix(name: 'startswith' | 'endswith'): Builtin {
  return method(name, 'prefix', (ctx, self, given) => {
    const text = textOf(bytesOf(ctx, self));
    const wanted = given.get('prefix');
    return (asTuple(wanted)?.items ?? [wanted]).some((one) => {
      const part = textOf(bytesOf(ctx, one));
      return name === 'startswith' ? text.startsWith(part) : text.endsWith(part);
    });
  });
}

const BYTES: readonly Builtin[] = [
  method('decode', 'encoding=, errors=', (ctx, self, given) =>
    decode(ctx, bytesOf(ctx, self), given.str('encoding', 'utf-8'), given.str('errors', 'strict')),
  ),
  method('hex', '', (ctx, self) => {
    const bytes = bytesOf(ctx, self);
    ctx.budget.charge(bytes.length * 2);
    return Buffer.from(bytes).toString('hex');
  }),
  affix('startswith'),
  affix('endswith'),
  method('find', 'sub', (ctx, self, given) => {
    const bytes = bytesOf(ctx, self);
    ctx.budget.step(bytes.length + 1);
    return BigInt(textOf(bytes).indexOf(textOf(given.bytes('sub'))));
  }),
  method('replace', 'old, new', (ctx, self, given) => {
    const parts = textOf(bytesOf(ctx, self)).split(textOf(given.bytes('old')));
    const by = textOf(given.bytes('new'));
    ctx.budget.charge(parts.length * (by.length + 1));
    return bytesOfText(parts.join(by));
  }),
  method('split', 'sep', (ctx, self, given) => {
    const separator = textOf(given.bytes('sep'));
    if (separator === '') throw ctx.raise('ValueError', 'empty separator');
    const parts = textOf(bytesOf(ctx, self)).split(separator);
    ctx.budget.charge(parts.length);
    return new List(parts.map(bytesOfText));
  }),
  method('join', 'iterable', (ctx, self, given) => {
    const parts = Array.from(ctx.iterate(given.get('iterable')), (item) =>
      textOf(bytesOf(ctx, item)),
    );
    const text = parts.join(textOf(bytesOf(ctx, self)));
    ctx.budget.charge(text.length);
    return bytesOfText(text);
  }),
  ...(['lower', 'upper'] as const).map((name) =>
    method(name, '', (ctx, self) =>
      bytesOf(ctx, self).map((byte) => {
        const [low, high, shift] = name === 'lower' ? [65, 90, 32] : [97, 122, -32];
        return byte >= low && byte <= high ? byte + shift : byte;
      }),
    ),
  ),
];

export function fillBytes(): void {
  fill(TYPES.bytes, [
    ...BYTES,
    ...CONTAINER,
    ...INDEXED,
    ...TEXTS,
    ...comparisons(),
    ...operators(['add', 'mul']),
  ]);
  TYPES.bytes.attrs.set(
    'fromhex',
    new MethodWrapper(
      'class',
      fn('fromhex', 'cls, string', (ctx, given) => {
        const text = given.str('string').replace(/[ \t\n\r\f\v]+/g, '');
        if (!/^(?:[\da-f]{2})*$/i.test(text)) {
          throw ctx.raise('ValueError', 'non-hexadecimal number found in fromhex() arg');
        }
        return new Uint8Array(Buffer.from(text, 'hex'));
      }),
    ),
  );
}
