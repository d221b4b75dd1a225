import { ENTRY } from '../budget.js';
import type { Frame } from '../frame.js';
import type { Interpreter } from '../interpreter.js';
import { inAnyOrder } from '../set-order.js';
import { Dict, List, SetValue, Slice, Tuple, type Value } from '../values.js';
import { peek, pop, popMany, type Handlers } from '../handler.js';

function listAt(ctx: Interpreter, frame: Frame, n: number): List {
  const list = peek(ctx, frame, n);
  if (list instanceof List) return list;
  throw ctx.damaged('a list is missing');
}

function setAt(ctx: Interpreter, frame: Frame, n: number): SetValue {
  const set = peek(ctx, frame, n);
  if (set instanceof SetValue) return set;
  throw ctx.damaged('a set is missing');
}

function dictAt(ctx: Interpreter, frame: Frame, n: number): Dict {
  const dict = peek(ctx, frame, n);
  if (dict instanceof Dict) return dict;
  throw ctx.damaged('a dictionary is missing');
}

function put(ctx: Interpreter, dict: Dict, key: Value, value: Value): void {
  const id = ctx.keyOf(key);
  const entry = dict.entries.get(id);
  if (entry) entry[1] = value;
  else {
    ctx.budget.charge(ENTRY);
    dict.entries.set(id, [key, value]);
  }
}

function add(ctx: Interpreter, set: SetValue, item: Value): void {
  const key = ctx.keyOf(item);
  if (set.entries.has(key)) return;
  ctx.budget.charge(ENTRY);
  set.entries.set(key, item);
}

function extend(ctx: Interpreter, list: List, items: Value): void {
  for (const item of ctx.iterate(items)) {
    ctx.budget.charge(1);
    list.items.push(item);
  }
}

/** The joined items of the values on the stack. */
function joined(ctx: Interpreter, frame: Frame, n: number): Value[] {
  const list = new List();
  for (const items of popMany(ctx, frame, n)) extend(ctx, list, items);
  return list.items;
}

/** Copies a mapping into a dictionary: another dictionary, or anything with `keys`. */
function update(ctx: Interpreter, dict: Dict, mapping: Value, onlyNew: boolean): void {
  const set = (key: Value, value: Value) => {
    if (onlyNew) {
      if (typeof key !== 'string') throw ctx.raise('TypeError', 'keywords must be strings');
      if (dict.entries.has(ctx.keyOf(key))) {
        throw ctx.raise('TypeError', `function got multiple values for keyword argument '${key}'`);
      }
    }
    put(ctx, dict, key, value);
  };
  if (mapping instanceof Dict) {
    ctx.budget.step(mapping.entries.size);
    for (const [key, value] of mapping.entries.values()) set(key, value);
    return;
  }
  const keys = ctx.findAttr(mapping, 'keys');
  if (keys === undefined) {
    const { name } = ctx.typeOf(mapping);
    throw ctx.raise(
      'TypeError',
      onlyNew
        ? `argument after ** must be a mapping, not ${name}`
        : `'${name}' object is not a mapping`,
    );
  }
  for (const key of ctx.iterate(ctx.call(keys, []))) set(key, ctx.getItem(mapping, key));
}

/** Instructions that make tuples, lists, sets, dictionaries and texts. */
export const BUILDING: Handlers<
  | 'build_tuple'
  | 'build_list'
  | 'build_set'
  | 'build_map'
  | 'build_const_key_map'
  | 'build_string'
  | 'build_slice'
  | 'build_tuple_unpack'
  | 'build_list_unpack'
  | 'build_set_unpack'
  | 'build_map_unpack'
  | 'list_append'
  | 'set_add'
  | 'list_extend'
  | 'set_update'
  | 'dict_update'
  | 'dict_merge'
  | 'map_add'
  | 'list_to_tuple'
  | 'unpack_sequence'
  | 'unpack_ex'
> = {
  build_tuple: (ctx, frame, { n }) => {
    ctx.budget.charge(n);
    frame.stack.push(new Tuple(popMany(ctx, frame, n)));
  },
  build_list: (ctx, frame, { n }) => {
    ctx.budget.charge(n + 1);
    frame.stack.push(new List(popMany(ctx, frame, n)));
  },
  build_set: (ctx, frame, { n }) => {
    const set = new SetValue();
    ctx.budget.charge(ENTRY);
    for (const item of popMany(ctx, frame, n)) add(ctx, set, item);
    frame.stack.push(set);
  },
  build_map: (ctx, frame, { n }) => {
    const items = popMany(ctx, frame, 2 * n);
    const dict = new Dict();
    ctx.budget.charge(ENTRY);
    for (let i = 0; i < items.length; i += 2) put(ctx, dict, items[i]!, items[i + 1]!);
    frame.stack.push(dict);
  },
  build_const_key_map: (ctx, frame, { n }) => {
    const keys = pop(ctx, frame);
    if (!(keys instanceof Tuple) || keys.items.length !== n) {
      throw ctx.damaged('the keys of a dictionary are missing');
    }
    const dict = new Dict();
    popMany(ctx, frame, n).forEach((value, index) => put(ctx, dict, keys.items[index]!, value));
    frame.stack.push(dict);
  },
  build_string: (ctx, frame, { n }) => {
    let text = '';
    for (const part of popMany(ctx, frame, n)) {
      if (typeof part !== 'string') throw ctx.damaged('a part of a text is not a text');
      ctx.budget.charge(part.length);
      text += part;
    }
    frame.stack.push(text);
  },
  build_slice: (ctx, frame, { n }) => {
    if (n !== 2 && n !== 3) throw ctx.damaged('a slice has two or three parts');
    const [start = null, stop = null, step = null] = popMany(ctx, frame, n);
    frame.stack.push(new Slice(start, stop, step));
  },
  build_tuple_unpack: (ctx, frame, { n }) => {
    frame.stack.push(new Tuple(joined(ctx, frame, n)));
  },
  build_list_unpack: (ctx, frame, { n }) => {
    frame.stack.push(new List(joined(ctx, frame, n)));
  },
  build_set_unpack: (ctx, frame, { n }) => {
    const set = new SetValue();
    for (const items of popMany(ctx, frame, n)) {
      for (const item of inAnyOrder(ctx, items)) add(ctx, set, item);
    }
    frame.stack.push(set);
  },
  build_map_unpack: (ctx, frame, { n }) => {
    const dict = new Dict();
    for (const mapping of popMany(ctx, frame, n)) update(ctx, dict, mapping, false);
    frame.stack.push(dict);
  },
  list_append: (ctx, frame, { n }) => {
    const item = pop(ctx, frame);
    ctx.budget.charge(1);
    listAt(ctx, frame, n).items.push(item);
  },
  set_add: (ctx, frame, { n }) => {
    const item = pop(ctx, frame);
    add(ctx, setAt(ctx, frame, n), item);
  },
  list_extend: (ctx, frame, { n }) => {
    const items = pop(ctx, frame);
    extend(ctx, listAt(ctx, frame, n), items);
  },
  set_update: (ctx, frame, { n }) => {
    const items = pop(ctx, frame);
    const set = setAt(ctx, frame, n);
    for (const item of inAnyOrder(ctx, items)) add(ctx, set, item);
  },
  dict_update: (ctx, frame, { n }) => {
    const mapping = pop(ctx, frame);
    update(ctx, dictAt(ctx, frame, n), mapping, false);
  },
  dict_merge: (ctx, frame, { n }) => {
    const mapping = pop(ctx, frame);
    update(ctx, dictAt(ctx, frame, n), mapping, true);
  },
  map_add: (ctx, frame, { n }) => {
    const value = pop(ctx, frame);
    const key = pop(ctx, frame);
    put(ctx, dictAt(ctx, frame, n), key, value);
  },
  list_to_tuple: (ctx, frame) => {
    const list = listAt(ctx, frame, 1);
    frame.stack[frame.stack.length - 1] = new Tuple(list.items);
  },
  unpack_sequence: (ctx, frame, { n }) => {
    const items = taken(ctx, pop(ctx, frame), n);
    if (items.length < n) {
      throw ctx.raise(
        'ValueError',
        `not enough values to unpack (expected ${n}, got ${items.length})`,
      );
    }
    if (items.length > n) {
      throw ctx.raise('ValueError', `too many values to unpack (expected ${n})`);
    }
    for (let i = n - 1; i >= 0; i--) frame.stack.push(items[i]);
  },
  unpack_ex: (ctx, frame, { before, after }) => {
    const items = taken(ctx, pop(ctx, frame), Infinity);
    const least = before + after;
    if (items.length < least) {
      throw ctx.raise(
        'ValueError',
        `not enough values to unpack (expected at least ${least}, got ${items.length})`,
      );
    }
    const end = items.length - after;
    for (let i = items.length - 1; i >= end; i--) frame.stack.push(items[i]);
    ctx.budget.charge(end - before);
    frame.stack.push(new List(items.slice(before, end)));
    for (let i = before - 1; i >= 0; i--) frame.stack.push(items[i]);
  },
};

/** The unpacked items; one more than wanted is enough to know that there are too many. */
function taken(ctx: Interpreter, value: Value, n: number): readonly Value[] {
  if (value instanceof Tuple && !value.cls) return value.items;
  if (value instanceof List && !value.cls) return [...value.items];
  const items: Value[] = [];
  for (const item of ctx.iterate(value)) {
    ctx.budget.charge(1);
    items.push(item);
    if (items.length > n) break;
  }
  return items;
}
