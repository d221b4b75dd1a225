import type { Context } from '../context.js';
import { HostObject } from '../host.js';
import { inAnyOrder, toRank } from '../set-order.js';
import {
  BoundMethod,
  Builtin,
  ClassValue,
  Func,
  Instance,
  List,
  MethodWrapper,
  PyIterator,
  type Value,
} from '../values.js';
import { fn, refused, typeName } from './define.js';
import { formatValue } from './format-spec.js';
import { iter, nextItem } from './iterators.js';
import { asciiRepr } from './repr.js';
import { sortItems } from './sorting.js';
import { asStr, asTuple } from './unwrap.js';

function isCallable(value: Value): boolean {
  if (value instanceof Instance) return value.cls.lookup('__call__') !== undefined;
  if (value instanceof HostObject) return value.call !== undefined;
  return (
    value instanceof Func ||
    value instanceof BoundMethod ||
    value instanceof Builtin ||
    value instanceof ClassValue ||
    (value instanceof MethodWrapper && value.kind === 'static')
  );
}

function extreme(name: 'min' | 'max'): Builtin {
  const op = name === 'min' ? '<' : '>';
  return fn(name, '*args, key=, default=', (ctx, given) => {
    if (given.rest.length === 0) {
      throw ctx.raise('TypeError', `${name} expected at least 1 argument, got 0`);
    }
    const key = given.get('key');
    const absent = given.raw('default');
    if (given.rest.length > 1 && absent !== undefined) {
      throw ctx.raise(
        'TypeError',
        `Cannot specify a default for ${name}() with multiple positional arguments`,
      );
    }
    const [only] = given.rest.length === 1 ? given.rest : [];
    const items =
      only === undefined ? given.rest : key === null ? toRank(ctx, only) : ctx.iterate(only);
    let best: { readonly item: Value; readonly key: Value } | undefined;
    for (const item of items) {
      const candidate = { item, key: key === null ? item : ctx.call(key, [item]) };
      if (best === undefined || ctx.truth(ctx.compare(op, candidate.key, best.key))) {
        best = candidate;
      }
    }
    if (best) return best.item;
    if (absent !== undefined) return absent;
    throw ctx.raise('ValueError', `${name}() iterable argument is empty`);
  });
}

function isSubclass(ctx: Context, cls: Value, of: Value): boolean {
  const options = asTuple(of)?.items;
  if (options) return options.some((option) => isSubclass(ctx, cls, option));
  if (!(cls instanceof ClassValue)) {
    throw ctx.raise('TypeError', 'issubclass() arg 1 must be a class');
  }
  if (!(of instanceof ClassValue)) {
    throw ctx.raise(
      'TypeError',
      'issubclass() arg 2 must be a class, a tuple of classes, or a union',
    );
  }
  return cls.isSubclassOf(of);
}

export const FUNCTIONS: readonly Builtin[] = [
  new Builtin('len', (ctx, [value]) => {
    if (value === undefined) {
      throw ctx.raise('TypeError', 'len() takes exactly one argument (0 given)');
    }
    return ctx.length(value);
  }),
  new Builtin('isinstance', (ctx, [value, cls]) => ctx.isInstance(value ?? null, cls ?? null)),
  fn('issubclass', 'cls, classinfo', (ctx, given) =>
    isSubclass(ctx, given.get('cls'), given.get('classinfo')),
  ),
  fn('callable', 'obj', (_ctx, given) => isCallable(given.get('obj'))),
  fn('getattr', 'obj, name, default=', (ctx, given) => {
    const absent = given.raw('default');
    if (absent === undefined) return ctx.getAttr(given.get('obj'), given.str('name'));
    return ctx.findAttr(given.get('obj'), given.str('name')) ?? absent;
  }),
  fn('setattr', 'obj, name, value', (ctx, given) => {
    ctx.setAttr(given.get('obj'), given.str('name'), given.get('value'));
    return null;
  }),
  fn(
    'hasattr',
    'obj, name',
    (ctx, given) => ctx.findAttr(given.get('obj'), given.str('name')) !== undefined,
  ),
  fn('delattr', 'obj, name', (ctx, given) => {
    ctx.delAttr(given.get('obj'), given.str('name'));
    return null;
  }),
  fn('iter', 'object, sentinel=', (ctx, given) => {
    const sentinel = given.raw('sentinel');
    const object = given.get('object');
    if (sentinel === undefined) return iter(ctx, object);
    let ended = false;
    return new PyIterator('callable_iterator', () => {
      ctx.budget.step();
      if (ended) return undefined;
      const value = ctx.call(object, []);
      ended = ctx.equal(value, sentinel);
      return ended ? undefined : value;
    });
  }),
  fn('next', 'iterator, default=', (ctx, given) => {
    const item = nextItem(ctx, given.get('iterator')) ?? given.raw('default');
    if (item === undefined) throw ctx.raise('StopIteration', '');
    return item;
  }),
  fn('sorted', 'iterable, *, key=, reverse=', (ctx, given) => {
    const from = given.get('iterable');
    const items = [...(given.get('key') === null ? toRank(ctx, from) : ctx.iterate(from))];
    return new List(sortItems(ctx, items, given.get('key'), given.truth('reverse', false)));
  }),
  extreme('min'),
  extreme('max'),
  fn('any', 'iterable', (ctx, given) => {
    for (const item of inAnyOrder(ctx, given.get('iterable'))) {
      if (ctx.truth(item)) return true;
    }
    return false;
  }),
  fn('all', 'iterable', (ctx, given) => {
    for (const item of inAnyOrder(ctx, given.get('iterable'))) {
      if (!ctx.truth(item)) return false;
    }
    return true;
  }),
  fn('repr', 'obj', (ctx, given) => ctx.repr(given.get('obj'))),
  fn('ascii', 'obj', (ctx, given) => asciiRepr(ctx, given.get('obj'))),
  fn('format', 'value, format_spec=', (ctx, given) =>
    formatValue(ctx, given.get('value'), given.str('format_spec', '')),
  ),
  fn('chr', 'i', (ctx, given) => {
    const code = given.int('i');
    if (code < 0n || code > 0x10ffffn) {
      throw ctx.raise('ValueError', 'chr() arg not in range(0x110000)');
    }
    return String.fromCodePoint(Number(code));
  }),
  fn('ord', 'c', (ctx, given) => {
    const value = given.get('c');
    if (value instanceof Uint8Array && value.length === 1) return BigInt(value[0] as number);
    const text = asStr(value);
    if (text === undefined) {
      throw ctx.raise(
        'TypeError',
        `ord() expected string of length 1, but ${typeName(value)} found`,
      );
    }
    const chars = [...text];
    if (chars.length !== 1) {
      throw ctx.raise(
        'TypeError',
        `ord() expected a character, but string of length ${chars.length} found`,
      );
    }
    return BigInt(text.codePointAt(0) as number);
  }),
  fn('vars', 'object', (ctx, given) => ctx.getAttr(given.get('object'), '__dict__')),
  // Output of traced code is meant for the person who trained the learner.
  new Builtin('print', () => null),
  new Builtin('breakpoint', () => null),
  fn('hash', 'object', (ctx, given) => {
    const value = given.get('object');
    if (typeof value === 'bigint' || typeof value === 'boolean') return hashOf(BigInt(value));
    throw ctx.unsupported(
      `hash() of ${typeName(value)}, which differs between Python processes, is not supported`,
    );
  }),
  ...[
    'id',
    'dir',
    'globals',
    'locals',
    'eval',
    'exec',
    'compile',
    'open',
    '__import__',
    'input',
  ].map((name) =>
    refused(name, 'is not supported: the code of a learner cannot reach anything outside of it'),
  ),
  ...['memoryview', 'bytearray', 'complex'].map((name) => refused(name, 'is not supported')),
];

const HASH_MODULUS = (1n << 61n) - 1n;

/** `hash(value)` of an int. */
function hashOf(value: bigint): bigint {
  const hash = value % HASH_MODULUS;
  return hash === -1n ? -2n : hash;
}
