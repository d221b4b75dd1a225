import { ENTRY } from '../budget.js';
import { sliceIndices } from '../builtins/slicing.js';
import { plainOf } from '../builtins/unwrap.js';
import type { Context } from '../context.js';
import { HostObject } from '../host.js';
import { bindTo, lookupSpecial } from '../special.js';
import { codePointLength } from '../str.js';
import { isBuiltinType } from '../types.js';
import { ClassValue, Dict, List, Range, SetValue, Slice, Tuple, type Value } from '../values.js';

/** `len(value)`. */
export function length(ctx: Context, value: Value): Value {
  if (value instanceof HostObject && value.length) return value.length(ctx);
  const method = lookupSpecial(ctx, value, '__len__');
  if (method !== undefined && method !== null) {
    const size = ctx.index(ctx.call(method, []));
    if (size < 0n) throw ctx.raise('ValueError', '__len__() should return >= 0');
    return size;
  }
  const size = sizeOf(ctx, plainOf(value));
  if (size !== undefined) return size;
  throw ctx.raise('TypeError', `object of type '${ctx.typeOf(value).name}' has no len()`);
}

function sizeOf(ctx: Context, value: Value): bigint | undefined {
  if (typeof value === 'string') {
    ctx.budget.step(value.length >> 5);
    return BigInt(codePointLength(value));
  }
  if (value instanceof List || value instanceof Tuple) return BigInt(value.items.length);
  if (value instanceof Dict || value instanceof SetValue) return BigInt(value.entries.size);
  if (value instanceof Range) return value.length;
  if (value instanceof Uint8Array) return BigInt(value.length);
  return undefined;
}

/** `item in container`. */
export function contains(ctx: Context, container: Value, item: Value): boolean {
  if (container instanceof HostObject && container.contains) return container.contains(item, ctx);
  const method = lookupSpecial(ctx, container, '__contains__');
  if (method !== undefined && method !== null) return ctx.truth(ctx.call(method, [item]));
  const plain = lookupSpecial(ctx, container, '__iter__') ? container : plainOf(container);
  if (plain instanceof SetValue) return plain.entries.has(ctx.keyOf(inSet(item)));
  if (plain instanceof Dict) return plain.entries.has(ctx.keyOf(item));
  if (typeof plain === 'string') {
    const text = plainOf(item);
    if (typeof text === 'string') {
      ctx.budget.step(plain.length >> 4);
      return plain.includes(text);
    }
    throw ctx.raise(
      'TypeError',
      `'in <string>' requires string as left operand, not ${ctx.typeOf(item).name}`,
    );
  }
  if (plain instanceof Range && (typeof item === 'bigint' || typeof item === 'boolean')) {
    const at = BigInt(item);
    const { start, stop, step } = plain;
    const within = step > 0n ? at >= start && at < stop : at <= start && at > stop;
    return within && (at - start) % step === 0n;
  }
  if (plain instanceof Uint8Array && item instanceof Uint8Array) {
    return Buffer.from(plain).includes(Buffer.from(item));
  }
  if (plain instanceof ClassValue && !plain.metaclass) {
    throw ctx.raise('TypeError', `argument of type 'type' is not iterable`);
  }
  for (const one of ctx.iterate(plain)) if (ctx.equal(one, item)) return true;
  return false;
}

/** The sets in a set are frozen, but `in` accepts any set. */
function inSet(item: Value): Value {
  if (!(item instanceof SetValue) || item.frozen) return item;
  const frozen = new SetValue(true);
  for (const [key, one] of item.entries) frozen.entries.set(key, one);
  return frozen;
}

type Sequence = List | Tuple | string | Range | Uint8Array;

/** The name of a sequence's class, for messages. */
function kindOf(value: Sequence): string {
  if (typeof value === 'string') return 'string';
  if (value instanceof List) return 'list';
  if (value instanceof Tuple) return 'tuple';
  return value instanceof Range ? 'range object' : 'bytes';
}

const PAIR = /[\ud800-\udbff][\udc00-\udfff]/;
let lastText = '';
let lastLetters: readonly string[] | undefined;

/** The code points of a text; undefined if each is one UTF-16 unit. */
function lettersOf(ctx: Context, text: string): readonly string[] | undefined {
  // Loops read a text character by character.
  if (text === lastText) return lastLetters;
  ctx.budget.charge(text.length >> 3);
  const pairs = PAIR.test(text);
  if (pairs) ctx.budget.charge(4 * text.length);
  lastLetters = pairs ? Array.from(text) : undefined;
  lastText = text;
  return lastLetters;
}

function sequenceLength(ctx: Context, value: Sequence): number {
  if (typeof value === 'string') return lettersOf(ctx, value)?.length ?? value.length;
  if (value instanceof Range) return Number(value.length);
  return value instanceof Uint8Array ? value.length : value.items.length;
}

function itemAt(ctx: Context, value: Sequence, at: number): Value {
  if (typeof value === 'string') return lettersOf(ctx, value)?.[at] ?? value[at]!;
  if (value instanceof Range) return value.start + value.step * BigInt(at);
  return value instanceof Uint8Array ? BigInt(value[at]!) : value.items[at]!;
}

/** Resolves an index; a negative index counts from the end. */
function place(ctx: Context, value: Sequence, key: Value, verb = ''): number {
  const size = sequenceLength(ctx, value);
  const index = typeof key === 'bigint' ? key : indexOf(ctx, value, key);
  const at = Number(index < 0n ? index + BigInt(size) : index);
  if (at >= 0 && at < size) return at;
  throw ctx.raise('IndexError', `${kindOf(value)} ${verb}index out of range`);
}

function indexOf(ctx: Context, value: Sequence, key: Value): bigint {
  if (typeof key === 'number' || typeof key === 'string' || key === null || key instanceof Tuple) {
    const kind = kindOf(value);
    throw ctx.raise(
      'TypeError',
      `${kind === 'range object' ? 'range' : kind} indices must be integers${kind === 'string' ? '' : ' or slices'}, ` +
        `not ${kind === 'string' ? `'${ctx.typeOf(key).name}'` : ctx.typeOf(key).name}`,
    );
  }
  return ctx.index(key);
}

/** `object[key]`. */
export function getItem(ctx: Context, object: Value, key: Value): Value {
  if (object instanceof HostObject && object.getItem) return object.getItem(key, ctx);
  const method = lookupSpecial(ctx, object, '__getitem__');
  if (method !== undefined && method !== null) return ctx.call(method, [key]);
  const plain = plainOf(object);
  if (plain instanceof Dict) return getEntry(ctx, object, plain, key);
  if (isSequence(plain)) {
    return key instanceof Slice
      ? slice(ctx, plain, key)
      : itemAt(ctx, plain, place(ctx, plain, key));
  }
  if (plain instanceof ClassValue) return getOfClass(ctx, plain, key);
  throw ctx.raise('TypeError', `'${ctx.typeOf(object).name}' object is not subscriptable`);
}

function isSequence(value: Value): value is Sequence {
  return (
    typeof value === 'string' ||
    value instanceof List ||
    value instanceof Tuple ||
    value instanceof Range ||
    value instanceof Uint8Array
  );
}

/** `list[int]` is `list` here: only annotations use it. */
function getOfClass(ctx: Context, cls: ClassValue, key: Value): Value {
  const method = cls.lookup('__class_getitem__');
  if (method !== undefined) return ctx.call(bindTo(ctx, method, cls, cls), [key]);
  if (isBuiltinType(cls)) return cls;
  throw ctx.raise('TypeError', `type '${cls.name}' is not subscriptable`);
}

function getEntry(ctx: Context, object: Value, dict: Dict, key: Value): Value {
  const id = ctx.keyOf(key);
  const entry = dict.entries.get(id);
  if (entry) return entry[1];
  if (dict.factory !== undefined && dict.factory !== null) {
    const made = ctx.call(dict.factory, []);
    ctx.budget.charge(ENTRY);
    dict.entries.set(id, [key, made]);
    return made;
  }
  const missing =
    lookupSpecial(ctx, object, '__missing__') ??
    (dict.cls === undefined ? undefined : lookupSpecial(ctx, dict, '__missing__'));
  if (missing !== undefined && missing !== null) return ctx.call(missing, [key]);
  throw ctx.raiseWith('KeyError', [key]);
}

function slice(ctx: Context, value: Sequence, key: Slice): Value {
  const { start, stop, step } = sliceIndices(ctx, key, sequenceLength(ctx, value));
  const count = Math.max(0, Math.ceil((stop - start) / step));
  if (value instanceof Range) {
    const by = value.step * BigInt(step);
    const first = value.start + value.step * BigInt(start);
    return new Range(first, value.start + value.step * BigInt(stop), by);
  }
  ctx.budget.charge(count);
  if (typeof value === 'string') return sliceText(ctx, value, start, step, count);
  if (value instanceof Uint8Array) {
    return Uint8Array.from({ length: count }, (_, index) => value[start + index * step]!);
  }
  const items: Value[] =
    step === 1
      ? value.items.slice(start, start + count)
      : Array.from({ length: count }, (_, index) => value.items[start + index * step]!);
  // A slice of a subclass has the plain class.
  return value instanceof List ? new List(items) : new Tuple(items);
}

function sliceText(ctx: Context, text: string, start: number, step: number, count: number): string {
  const letters = lettersOf(ctx, text);
  if (step === 1) {
    return letters
      ? letters.slice(start, start + count).join('')
      : text.slice(start, start + count);
  }
  let result = '';
  for (let i = 0; i < count; i++) result += (letters ?? text)[start + i * step];
  return result;
}

/** `object[key] = value`. */
export function setItem(ctx: Context, object: Value, key: Value, value: Value): void {
  if (object instanceof HostObject && object.setItem) return object.setItem(key, value, ctx);
  const method = lookupSpecial(ctx, object, '__setitem__');
  if (method !== undefined && method !== null) {
    ctx.call(method, [key, value]);
    return undefined;
  }
  const plain = plainOf(object);
  if (plain instanceof Dict) {
    const id = ctx.keyOf(key);
    const entry = plain.entries.get(id);
    if (entry) entry[1] = value;
    else {
      ctx.budget.charge(ENTRY);
      plain.entries.set(id, [key, value]);
    }
    return undefined;
  }
  if (plain instanceof List) {
    if (key instanceof Slice) setSlice(ctx, plain, key, value);
    else plain.items[place(ctx, plain, key, 'assignment ')] = value;
    return undefined;
  }
  throw ctx.raise(
    'TypeError',
    `'${ctx.typeOf(object).name}' object does not support item assignment`,
  );
}

function setSlice(ctx: Context, list: List, key: Slice, value: Value): void {
  if (!isIterable(ctx, value)) throw ctx.raise('TypeError', 'can only assign an iterable');
  const added = [...ctx.iterate(value)];
  const { start, stop, step } = sliceIndices(ctx, key, list.items.length);
  ctx.budget.charge(added.length);
  ctx.budget.step(list.items.length >> 3);
  if (step === 1) {
    const tail = list.items.slice(Math.max(stop, start));
    list.items.length = start;
    for (const item of added) list.items.push(item);
    for (const item of tail) list.items.push(item);
    return;
  }
  const count = Math.max(0, Math.ceil((stop - start) / step));
  if (added.length !== count) {
    throw ctx.raise(
      'ValueError',
      `attempt to assign sequence of size ${added.length} to extended slice of size ${count}`,
    );
  }
  added.forEach((item, index) => {
    list.items[start + index * step] = item;
  });
}

function isIterable(ctx: Context, value: Value): boolean {
  return (
    isSequence(value) ||
    value instanceof Dict ||
    value instanceof SetValue ||
    (typeof value === 'object' && value !== null && !(value instanceof ClassValue)) ||
    ctx.findAttr(value, '__iter__') !== undefined
  );
}

/** `del object[key]`. */
export function delItem(ctx: Context, object: Value, key: Value): void {
  if (object instanceof HostObject && object.delItem) return object.delItem(key, ctx);
  const method = lookupSpecial(ctx, object, '__delitem__');
  if (method !== undefined && method !== null) {
    ctx.call(method, [key]);
    return undefined;
  }
  const plain = plainOf(object);
  if (plain instanceof Dict) {
    if (!plain.entries.delete(ctx.keyOf(key))) throw ctx.raiseWith('KeyError', [key]);
    return undefined;
  }
  if (plain instanceof List) {
    ctx.budget.step(plain.items.length >> 6);
    if (!(key instanceof Slice)) {
      plain.items.splice(place(ctx, plain, key, 'assignment '), 1);
      return undefined;
    }
    const { start, stop, step } = sliceIndices(ctx, key, plain.items.length);
    const gone = new Set<number>();
    for (let at = start; step > 0 ? at < stop : at > stop; at += step) gone.add(at);
    const left = plain.items.filter((_, index) => !gone.has(index));
    plain.items.length = 0;
    for (const item of left) plain.items.push(item);
    return undefined;
  }
  throw ctx.raise('TypeError', `'${ctx.typeOf(object).name}' object doesn't support item deletion`);
}
