import type { Context } from '../context.js';
import type { BinaryOp, CompareOp } from '../host.js';
import { BINARY_OPERATORS, COMPARE_OPERATORS } from '../operator-names.js';
import type { Builtin, Value } from '../values.js';
import { iterator } from './iterators.js';
import { method } from './define.js';
import { reprOf } from './repr.js';
import { plainOf } from './unwrap.js';

// Operator methods that code calls by name: `hasattr(x, '__len__')`, `super().__eq__(x)`. Each acts
// on the plain value within an instance, so that it does not call a method of the class again.

const BINARY = new Map(BINARY_OPERATORS);
const COMPARISONS = new Map(COMPARE_OPERATORS);

export function comparisons(names: Iterable<string> = COMPARISONS.keys()): Builtin[] {
  return Array.from(names, (name) =>
    method(`__${name}__`, 'other', (ctx, self, given) =>
      ctx.compare(COMPARISONS.get(name) as CompareOp, plainOf(self), plainOf(given.get('other'))),
    ),
  );
}

/** `__add__` and `__radd__` for each operator. */
export function operators(names: readonly string[]): Builtin[] {
  return names.flatMap((name) => {
    const op = BINARY.get(name) as BinaryOp;
    return [
      method(`__${name}__`, 'other', (ctx, self, given) =>
        ctx.binary(op, plainOf(self), plainOf(given.get('other'))),
      ),
      method(`__r${name}__`, 'other', (ctx, self, given) =>
        ctx.binary(op, plainOf(given.get('other')), plainOf(self)),
      ),
    ];
  });
}

export const ARITHMETIC = ['add', 'sub', 'mul', 'truediv', 'floordiv', 'mod', 'pow'] as const;
export const BITS = ['and', 'or', 'xor', 'lshift', 'rshift'] as const;

export const TEXTS: readonly Builtin[] = [
  method('__repr__', '', (ctx, self) => reprOf(ctx, self)),
  method('__str__', '', (ctx, self) => {
    const plain = plainOf(self);
    return typeof plain === 'string' ? plain : reprOf(ctx, plain);
  }),
];

/** Methods of everything that has items. */
export const CONTAINER: readonly Builtin[] = [
  method('__len__', '', (ctx, self) => ctx.length(plainOf(self))),
  method('__iter__', '', (ctx, self) => iterator('iterator', ctx.iterate(plainOf(self)))),
  method('__contains__', 'item', (ctx, self, given) =>
    contains(ctx, plainOf(self), given.get('item')),
  ),
];

export const INDEXED: readonly Builtin[] = [
  method('__getitem__', 'key', (ctx, self, given) => ctx.getItem(plainOf(self), given.get('key'))),
];

export const ASSIGNED: readonly Builtin[] = [
  method('__setitem__', 'key, value', (ctx, self, given) => {
    ctx.setItem(plainOf(self), given.get('key'), given.get('value'));
    return null;
  }),
];

function contains(ctx: Context, container: Value, item: Value): boolean {
  for (const one of ctx.iterate(container)) if (one === item || ctx.equal(one, item)) return true;
  return false;
}
