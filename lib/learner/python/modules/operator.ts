import type { BinaryOp } from '../host.js';
import { BINARY_OPERATORS, COMPARE_OPERATORS } from '../operator-names.js';
import { TYPES } from '../types.js';
import { Builtin, Tuple, type Kwargs, type Value } from '../values.js';
import { fn, nativeClass } from '../builtins/define.js';
import { asStr } from '../builtins/unwrap.js';
import { namesOf } from './module-names.js';

const two = (name: string, op: BinaryOp, inPlace: boolean): Builtin =>
  new Builtin(name, (ctx, [a = null, b = null]) => ctx.binary(op, a, b, inPlace));

/** `add`, with `__add__` and `iadd`. */
const OPERATORS: Builtin[] = BINARY_OPERATORS.flatMap(([name, op]) => {
  // Two of the names are keywords of Python.
  const own = name === 'and' || name === 'or' ? `${name}_` : name;
  return [two(own, op, false), two(`__${name}__`, op, false), two(`i${name}`, op, true)];
});

const COMPARISONS: Builtin[] = COMPARE_OPERATORS.flatMap(([name, op]) =>
  [name, `__${name}__`].map(
    (one) => new Builtin(one, (ctx, [a = null, b = null]) => ctx.compare(op, a, b)),
  ),
);

const unary = (name: string, op: '-' | '+' | '~'): Builtin =>
  new Builtin(name, (ctx, [value = null]) => ctx.unary(op, value));

/** A class whose values are functions, made from a description of their work. */
function maker(
  name: string,
  make: (args: readonly Value[], kwargs: Kwargs) => Builtin['call'],
): ReturnType<typeof nativeClass> {
  return nativeClass(`operator.${name}`, [TYPES.object], (ctx, _cls, args, kwargs) => {
    if (args.length === 0)
      throw ctx.raise('TypeError', `${name} expected at least 1 argument, got 0`);
    return new Builtin(name, make(args, kwargs));
  });
}

export const OPERATOR = namesOf(
  [
    ...OPERATORS,
    ...COMPARISONS,
    unary('neg', '-'),
    unary('pos', '+'),
    unary('inv', '~'),
    unary('invert', '~'),
    fn('not_', 'a', (ctx, given) => !ctx.truth(given.get('a'))),
    fn('truth', 'a', (ctx, given) => ctx.truth(given.get('a'))),
    fn('is_', 'a, b', (_ctx, given) => given.get('a') === given.get('b')),
    fn('is_not', 'a, b', (_ctx, given) => given.get('a') !== given.get('b')),
    fn('abs', 'a', (ctx, given) => ctx.call(ctx.resolve('builtins.abs') ?? null, [given.get('a')])),
    fn('index', 'a', (_ctx, given) => given.int('a')),
    fn('concat', 'a, b', (ctx, given) => ctx.binary('+', given.get('a'), given.get('b'))),
    fn('contains', 'a, b', (ctx, given) => ctx.contains(given.get('a'), given.get('b'))),
    fn('countOf', 'a, b', (ctx, given) => {
      let count = 0n;
      for (const item of ctx.iterate(given.get('a'))) if (ctx.equal(item, given.get('b'))) count++;
      return count;
    }),
    fn('indexOf', 'a, b', (ctx, given) => {
      let at = 0n;
      for (const item of ctx.iterate(given.get('a'))) {
        if (ctx.equal(item, given.get('b'))) return at;
        at++;
      }
      throw ctx.raise('ValueError', 'sequence.index(x): x not in sequence');
    }),
    fn('getitem', 'a, b', (ctx, given) => ctx.getItem(given.get('a'), given.get('b'))),
    fn('setitem', 'a, b, c', (ctx, given) => {
      ctx.setItem(given.get('a'), given.get('b'), given.get('c'));
      return null;
    }),
    fn('delitem', 'a, b', (ctx, given) => {
      ctx.delItem(given.get('a'), given.get('b'));
      return null;
    }),
    fn('length_hint', 'obj, default=', (ctx, given) => ctx.length(given.get('obj'))),
    new Builtin('call', (ctx, [func = null, ...args], kwargs) => ctx.call(func, args, kwargs)),
  ],
  {
    itemgetter: maker('itemgetter', (keys) => (ctx, [object = null]) => {
      const items = keys.map((key) => ctx.getItem(object, key));
      return keys.length === 1 ? (items[0] as Value) : new Tuple(items);
    }),
    attrgetter: maker('attrgetter', (paths) => (ctx, [object = null]) => {
      const values = paths.map((path) =>
        (asStr(path) ?? '')
          .split('.')
          .reduce<Value>((value, name) => ctx.getAttr(value, name), object),
      );
      return paths.length === 1 ? (values[0] as Value) : new Tuple(values);
    }),
    methodcaller: maker(
      'methodcaller',
      ([name = null, ...args], kwargs) =>
        (ctx, [object = null]) =>
          ctx.call(ctx.getAttr(object, asStr(name) ?? ''), args, kwargs),
    ),
  },
);
