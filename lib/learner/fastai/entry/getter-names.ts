import { fill, method } from '../../python/builtins/define.js';
import { bind, signature } from '../../python/arguments.js';
import type { Context, Names } from '../../python/context.js';
import { TYPES } from '../../python/types.js';
import { Builtin, ClassValue, List, Tuple, type Value } from '../../python/values.js';
import { isMissing } from './cells.js';
import { RowValue } from './row-value.js';

const textOf = (ctx: Context, value: Value): string => (value === null ? '' : ctx.str(value));

/** `ColReader._do_one`: a cell with prefix and suffix, or its parts. */
function readCell(ctx: Context, self: Value, row: Value, column: Value): Value {
  const cell =
    typeof column === 'string' && !(row instanceof RowValue) && hasField(ctx, row, column)
      ? ctx.getAttr(row, column)
      : ctx.getItem(row, column);
  const [pref, suff] = ['pref', 'suff'].map((name) => textOf(ctx, ctx.findAttr(self, name) ?? ''));
  const delimiter = ctx.findAttr(self, 'label_delim') ?? null;
  if (pref === '' && suff === '' && delimiter === null) return cell;
  if (cell instanceof Uint8Array) {
    throw ctx.raise(
      'TypeError',
      'the learner makes a path from the cell, but the cell holds bytes',
    );
  }
  if (delimiter !== null) {
    if (isMissing(cell))
      throw ctx.raise('TypeError', 'the learner splits the cell, but the cell is empty');
    if (cell === '') return new List();
    return ctx.call(ctx.getAttr(cell, 'split'), [delimiter]);
  }
  return `${pref}${ctx.str(cell)}${suff}`;
}

/** Rows of `itertuples()`. */
function hasField(ctx: Context, row: Value, name: string): boolean {
  const fields = ctx.findAttr(row, '_fields');
  return fields instanceof Tuple && fields.items.includes(name);
}

const listed = (ctx: Context, value: Value): Value[] =>
  typeof value === 'string' || typeof value === 'bigint' ? [value] : [...ctx.iterate(value)];

/** Sets attributes as `store_attr` does. */
const storing = (parameters: string, defaults: Readonly<Record<string, Value>> = {}): Builtin =>
  method('__init__', `${parameters}, **`, (ctx, self, given) => {
    for (const name of parameters.split(',').map((part) => part.trim().replace(/=$/, ''))) {
      const value = given.raw(name) ?? defaults[name] ?? null;
      ctx.setAttr(self, name, value);
    }
    return null;
  });

function makeClasses(resolve: (name: string) => Value | undefined): ReadonlyMap<string, Value> {
  const base = (name: string): ClassValue => {
    const cls = resolve(`fasttransform.transform.${name}`);
    return cls instanceof ClassValue ? cls : TYPES.object;
  };
  const make = (name: string, parent: ClassValue, methods: readonly Builtin[]): ClassValue => {
    const cls = new ClassValue(name, `fastai.data.transforms.${name}`, [parent]);
    fill(cls, methods);
    return cls;
  };
  const fields: Readonly<Record<string, Value>> = { pref: '', suff: '' };
  return new Map<string, Value>(
    [
      make('ColReader', base('DisplayedTransform'), [
        storing('cols, pref=, suff=, label_delim=', fields),
        method('__call__', 'o, **', (ctx, self, given) => {
          const columns = listed(ctx, ctx.getAttr(self, 'cols'));
          const cells = columns.map((column) => readCell(ctx, self, given.get('o'), column));
          const [only] = cells;
          if (cells.length === 1) return only!;
          return ctx.call(ctx.resolve('fastcore.foundation.L') ?? TYPES.list, [new List(cells)]);
        }),
      ]),
      make('ItemGetter', base('ItemTransform'), [
        storing('i'),
        method('encodes', 'x', (ctx, self, given) =>
          ctx.getItem(given.get('x'), ctx.getAttr(self, 'i')),
        ),
      ]),
      make('AttrGetter', base('ItemTransform'), [
        storing('nm, default='),
        method('encodes', 'x', (ctx, self, given) => {
          const name = ctx.str(ctx.getAttr(self, 'nm'));
          return ctx.findAttr(given.get('x'), name) ?? ctx.findAttr(self, 'default') ?? null;
        }),
      ]),
    ].map((cls) => {
      if (cls.name !== 'ColReader') cls.attrs.set('_retain', false);
      return [cls.name, cls];
    }),
  );
}

/** `fastuple(x, *rest)`: a tuple of the items of any iterable. */
const fastuple: ClassValue = new ClassValue(
  'fastuple',
  'fastcore.basics.fastuple',
  [TYPES.tuple],
  [],
  {
    construct: (ctx, cls, args, kwargs) => {
      const { bound, rest } = bind(ctx, 'fastuple', signature('x=, *rest'), args, kwargs);
      const x = bound['x'] ?? null;
      const items =
        x instanceof Tuple
          ? x.items
          : x === null
            ? []
            : rest.length > 0 || !isIterable(ctx, x)
              ? [x]
              : [...ctx.iterate(x)];
      ctx.budget.charge(items.length + rest.length);
      return new Tuple([...items, ...rest], cls);
    },
  },
);

function isIterable(ctx: Context, value: Value): boolean {
  if (typeof value === 'bigint' || typeof value === 'number' || typeof value === 'boolean') {
    return false;
  }
  return (
    value instanceof List ||
    typeof value === 'string' ||
    ctx.special(value, '__iter__') !== undefined
  );
}

/**
 * Names that lead from an item to an input: fastai's getters, and the classes of rows and tuples.
 */
export function getterNames(resolve: (name: string) => Value | undefined): Names {
  let classes: ReadonlyMap<string, Value> | undefined;
  return {
    resolve(name) {
      if (/^fastai2?\.data\.transforms\.\w+$/.test(name)) {
        classes ??= makeClasses(resolve);
        return classes.get(name.slice(name.lastIndexOf('.') + 1));
      }
      if (/^fastcore\.\w+\.fastuple$/.test(name)) return fastuple;
      return /^pandas\.(core\.series\.)?Series$/.test(name) ? RowValue.type : undefined;
    },
    isModule: (path) => /^fastai2?\.data(\.transforms)?$/.test(path),
  };
}
