import { ENTRY } from '../budget.js';
import type { Context } from '../context.js';
import { HostObject } from '../host.js';
import { TYPES } from '../types.js';
import {
  Dict,
  Instance,
  MethodWrapper,
  Tuple,
  type Builtin,
  type Kwargs,
  type Value,
} from '../values.js';
import { fill, fn, method, typeName } from './define.js';
import { DictView } from './dict-view.js';
import { ASSIGNED, comparisons, CONTAINER, INDEXED, operators, TEXTS } from './dunders.js';
import { iterator } from './iterators.js';
import { asDict } from './unwrap.js';

export function dictOf(ctx: Context, self: Value): Dict {
  const dict = asDict(self);
  if (!dict) throw ctx.raise('TypeError', `a dict is needed, not ${typeName(self)}`);
  return dict;
}

export function put(ctx: Context, dict: Dict, key: Value, value: Value): void {
  const hash = ctx.keyOf(key);
  const known = dict.entries.get(hash);
  if (known) known[1] = value;
  else {
    ctx.budget.charge(ENTRY);
    dict.entries.set(hash, [key, value]);
  }
}

/** `dict.update(source, **kwargs)`. */
export function update(ctx: Context, dict: Dict, source: Value | undefined, kwargs: Kwargs): void {
  const from = asDict(source);
  if (from) {
    ctx.budget.step(from.entries.size);
    for (const [key, value] of from.entries.values()) put(ctx, dict, key, value);
  } else if (source !== undefined && isMapping(ctx, source)) {
    for (const key of ctx.iterate(ctx.call(ctx.getAttr(source, 'keys'), []))) {
      put(ctx, dict, key, ctx.getItem(source, key));
    }
  } else if (source !== undefined) {
    let at = 0;
    for (const pair of ctx.iterate(source)) {
      const items = [...ctx.iterate(pair)];
      if (items.length !== 2) {
        throw ctx.raise(
          'ValueError',
          `dictionary update sequence element #${at} has length ${items.length}; 2 is required`,
        );
      }
      put(ctx, dict, items[0] as Value, items[1] as Value);
      at++;
    }
  }
  for (const [key, value] of kwargs) put(ctx, dict, key, value);
}

function isMapping(ctx: Context, value: Value): boolean {
  if (!(value instanceof Instance) && !(value instanceof HostObject)) return false;
  return ctx.findAttr(value, 'keys') !== undefined;
}

function copyOf(ctx: Context, dict: Dict): Dict {
  const copy = new Dict();
  copy.cls = dict.cls;
  copy.factory = dict.factory;
  update(ctx, copy, dict, new Map());
  return copy;
}

const DICT: readonly Builtin[] = [
  method('get', 'key, default=', (ctx, self, given) => {
    const found = dictOf(ctx, self).entries.get(ctx.keyOf(given.get('key')));
    return found ? found[1] : given.get('default');
  }),
  method('setdefault', 'key, default=', (ctx, self, given) => {
    const dict = dictOf(ctx, self);
    const key = given.get('key');
    const found = dict.entries.get(ctx.keyOf(key));
    if (found) return found[1];
    put(ctx, dict, key, given.get('default'));
    return given.get('default');
  }),
  method('pop', 'key, default=', (ctx, self, given) => {
    const { entries } = dictOf(ctx, self);
    const key = given.get('key');
    const hash = ctx.keyOf(key);
    const found = entries.get(hash);
    if (found) {
      entries.delete(hash);
      return found[1];
    }
    const absent = given.raw('default');
    if (absent === undefined) throw ctx.raise('KeyError', ctx.repr(key));
    return absent;
  }),
  method('popitem', 'last=', (ctx, self, given) => {
    const { entries } = dictOf(ctx, self);
    ctx.budget.step(entries.size);
    const keys = [...entries.keys()];
    const hash = given.truth('last', true) ? keys.at(-1) : keys[0];
    if (hash === undefined) throw ctx.raise('KeyError', "'popitem(): dictionary is empty'");
    const pair = entries.get(hash) as [Value, Value];
    entries.delete(hash);
    return new Tuple(pair);
  }),
  method('update', '*args, **', (ctx, self, given) => {
    if (given.rest.length > 1) {
      throw ctx.raise('TypeError', `update expected at most 1 argument, got ${given.rest.length}`);
    }
    update(ctx, dictOf(ctx, self), given.rest[0], given.kwargs);
    return null;
  }),
  method('clear', '', (ctx, self) => {
    dictOf(ctx, self).entries.clear();
    return null;
  }),
  method('copy', '', (ctx, self) => copyOf(ctx, dictOf(ctx, self))),
  method('keys', '', (ctx, self) => new DictView(dictOf(ctx, self), 'keys')),
  method('values', '', (ctx, self) => new DictView(dictOf(ctx, self), 'values')),
  method('items', '', (ctx, self) => new DictView(dictOf(ctx, self), 'items')),
  method('__init__', '*args, **', (ctx, self, given) => {
    const dict =
      self instanceof Instance && self.payload instanceof Dict ? self.payload : new Dict();
    update(ctx, dict, given.rest[0], given.kwargs);
    if (self instanceof Instance) self.payload = dict;
    return null;
  }),
  method('__reversed__', '', (ctx, self) =>
    iterator('reversed', new DictView(dictOf(ctx, self), 'keys', true).iterate(ctx)),
  ),
];

/** `dict.fromkeys(iterable, value)`. */
const FROM_KEYS = fn('fromkeys', 'cls, iterable, value=', (ctx, given) => {
  const dict = new Dict();
  for (const key of ctx.iterate(given.get('iterable'))) put(ctx, dict, key, given.get('value'));
  return dict;
});

export function fillDict(): void {
  fill(TYPES.dict, [
    ...DICT,
    ...CONTAINER.filter(({ name }) => name !== '__contains__'),
    method('__contains__', 'key', (ctx, self, given) =>
      dictOf(ctx, self).entries.has(ctx.keyOf(given.get('key'))),
    ),
    ...INDEXED,
    ...ASSIGNED,
    ...TEXTS,
    ...comparisons(['eq', 'ne']),
    ...operators(['or']),
  ]);
  TYPES.dict.attrs.set('fromkeys', new MethodWrapper('class', FROM_KEYS));
}
