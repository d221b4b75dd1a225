import { SCOPE, TUPLE } from '../budget.js';
import type { Context } from '../context.js';
import { HostObject } from '../host.js';
import { TYPES, type BuiltinType } from '../types.js';
import {
  Builtin,
  ClassValue,
  Dict,
  Instance,
  List,
  MethodWrapper,
  PropertyValue,
  PyIterator,
  Range,
  SetValue,
  Slice,
  SuperValue,
  Tuple,
  type Kwargs,
  type Value,
} from '../values.js';
import { decode, encode } from './codecs.js';
import { fn, method, typeName, type Given } from './define.js';
import { update } from './dict-methods.js';
import { DictView } from './dict-view.js';
import { intText, toDouble } from './int-text.js';
import { iter, iterator, nextItem } from './iterators.js';
import { extend } from './list-methods.js';
import { truncate } from './number-methods.js';
import { parseFloatText, parseInteger } from './number-parse.js';
import { fillFrom } from './set-methods.js';
import { asBytes, asDict, asFloat, asInt, asList, asStr, asTuple } from './unwrap.js';

/** Gives a class of Python's own its constructor. */
function constructs(
  cls: BuiltinType,
  parameters: string,
  make: (ctx: Context, given: Given) => Value,
): void {
  const { call } = fn(cls.name, parameters, make);
  cls.native.construct = (ctx, _cls, args, kwargs) => call(ctx, args, kwargs);
}

function toInt(ctx: Context, given: Given): Value {
  const x = given.raw('x');
  const value = x === undefined ? 0n : x;
  const text = asStr(value) ?? bytesAsText(value);
  const base = given.raw('base');
  if (text !== undefined) {
    const radix = base === undefined ? 10 : given.count('base');
    if (radix !== 0 && (radix < 2 || radix > 36)) {
      throw ctx.raise('ValueError', 'int() base must be >= 2 and <= 36, or 0');
    }
    ctx.budget.step(1 + text.length);
    const parsed = parseInteger(text, radix);
    if (parsed === 'long') {
      throw ctx.raise(
        'ValueError',
        'Exceeds the limit (4300 digits) for integer string conversion',
      );
    }
    if (parsed !== undefined) return parsed;
    throw ctx.raise(
      'ValueError',
      `invalid literal for int() with base ${radix}: ${ctx.repr(value)}`,
    );
  }
  if (base !== undefined) {
    throw ctx.raise('TypeError', "int() can't convert non-string with explicit base");
  }
  const int = asInt(value);
  if (int !== undefined) return int;
  const float = asFloat(value);
  if (float !== undefined) return truncate(ctx, float);
  return converted(ctx, value, 'int', ['__int__', '__index__', '__trunc__']);
}

function bytesAsText(value: Value): string | undefined {
  const bytes = asBytes(value);
  return bytes && Buffer.from(bytes).toString('latin1');
}

function toFloat(ctx: Context, given: Given): Value {
  const x = given.raw('x');
  const value = x === undefined ? 0 : x;
  const text = asStr(value) ?? bytesAsText(value);
  if (text !== undefined) {
    ctx.budget.step(1 + text.length);
    const parsed = parseFloatText(text);
    if (parsed !== undefined) return parsed;
    throw ctx.raise('ValueError', `could not convert string to float: ${ctx.repr(value)}`);
  }
  const float = asFloat(value);
  if (float !== undefined) return float;
  const int = asInt(value);
  if (int !== undefined) return toDouble(ctx, int);
  return converted(ctx, value, 'float', ['__float__', '__index__']);
}

function converted(
  ctx: Context,
  value: Value,
  to: 'int' | 'float',
  methods: readonly string[],
): Value {
  if (value instanceof HostObject) {
    const made = to === 'int' ? value.toInt?.(ctx) : value.toFloat?.(ctx);
    if (made !== undefined) return made;
  }
  if (value instanceof Instance) {
    const name = methods.find((one) => value.cls.lookup(one) !== undefined);
    if (name !== undefined) {
      const made = ctx.call(ctx.getAttr(value, name), []);
      const int = asInt(made);
      return to === 'float' && int !== undefined ? toDouble(ctx, int) : made;
    }
  }
  throw ctx.raise(
    'TypeError',
    to === 'int'
      ? `int() argument must be a string, a bytes-like object or a real number, not '${typeName(value)}'`
      : `float() argument must be a string or a real number, not '${typeName(value)}'`,
  );
}

function toBytes(ctx: Context, given: Given): Value {
  const source = given.raw('source');
  if (source === undefined) return new Uint8Array();
  const text = asStr(source);
  if (text !== undefined) {
    return encode(ctx, text, given.str('encoding'), given.str('errors', 'strict'));
  }
  const count = asInt(source);
  if (count !== undefined) {
    if (count < 0n) throw ctx.raise('ValueError', 'negative count');
    ctx.budget.charge(given.count('source'));
    return new Uint8Array(Number(count));
  }
  const known = asBytes(source);
  if (known) return known.slice();
  return Uint8Array.from(ctx.iterate(source), (item) => {
    const byte = ctx.index(item);
    if (byte >= 0n && byte < 256n) return Number(byte);
    throw ctx.raise('ValueError', 'bytes must be in range(0, 256)');
  });
}

function toType(ctx: Context, given: Given): Value {
  const value = given.get('x');
  const bases = given.raw('bases');
  if (bases === undefined) return ctx.typeOf(value);
  const parents = (asTuple(bases)?.items ?? []).filter((base) => base instanceof ClassValue);
  const attrs: [string, Value][] = [];
  for (const [key, item] of asDict(given.get('dict'))?.entries.values() ?? []) {
    attrs.push([asStr(key) ?? ctx.str(key), item]);
  }
  const name = given.str('x');
  return new ClassValue(
    name,
    `__main__.${name}`,
    parents.length > 0 ? parents : [TYPES.object],
    attrs,
  );
}

function toRange(ctx: Context, given: Given): Value {
  const first = given.int('start');
  const stop = given.raw('stop');
  const step = given.int('step', 1n);
  if (step === 0n) throw ctx.raise('ValueError', 'range() arg 3 must not be zero');
  return stop === undefined ? new Range(0n, first, 1n) : new Range(first, given.int('stop'), step);
}

/** `reversed(value)`. */
function backwards(ctx: Context, value: Value): Value {
  if (value instanceof DictView) return iterator('reversed', value.backwards().iterate(ctx));
  if (value instanceof Instance && value.cls.lookup('__reversed__') !== undefined) {
    return ctx.call(ctx.getAttr(value, '__reversed__'), []);
  }
  const items = asList(value)?.items ?? asTuple(value)?.items;
  if (items) {
    let at = items.length;
    return new PyIterator('reversed', () => {
      ctx.budget.step();
      return --at >= 0 && at < items.length ? items[at] : undefined;
    });
  }
  if (value instanceof Range) {
    const { start, step, length } = value;
    const last = start + (length - 1n) * step;
    return iterator('reversed', ctx.iterate(new Range(last, last - length * step, -step)));
  }
  if (asDict(value)) return ctx.call(ctx.getAttr(value, '__reversed__'), []);
  if (asStr(value) === undefined && value instanceof PyIterator) {
    throw ctx.raise('TypeError', `'${typeName(value)}' object is not reversible`);
  }
  // Sequences with `__len__` and `__getitem__`: texts, tensors, classes of the file.
  const length = ctx.length(value);
  if (typeof length !== 'bigint') throw ctx.unsupported('reversed() of a value of unknown length');
  let at = length;
  return new PyIterator('reversed', () => {
    ctx.budget.step();
    return --at >= 0n ? ctx.getItem(value, at) : undefined;
  });
}

function zipped(ctx: Context, given: Given): Value {
  const parts = given.rest.map((value) => iter(ctx, value));
  const strict = given.truth('strict', false);
  return new PyIterator('zip', () => {
    if (parts.length === 0) return undefined;
    const items: Value[] = [];
    for (const [at, part] of parts.entries()) {
      const item = nextItem(ctx, part);
      if (item !== undefined) items.push(item);
      else if (!strict) return undefined;
      else return endOfStrict(ctx, parts, at);
    }
    ctx.budget.charge(TUPLE + items.length);
    return new Tuple(items);
  });
}

function endOfStrict(ctx: Context, parts: readonly Value[], at: number): undefined {
  const before = at === 1 ? 'argument 1' : `arguments 1-${at}`;
  if (at > 0) throw ctx.raise('ValueError', `zip() argument ${at + 1} is shorter than ${before}`);
  parts.slice(1).forEach((part, index) => {
    if (nextItem(ctx, part) === undefined) return;
    const others = index === 0 ? 'argument 1' : `arguments 1-${index + 1}`;
    throw ctx.raise('ValueError', `zip() argument ${index + 2} is longer than ${others}`);
  });
  return undefined;
}

/** A class of iterators: each holds its own state. */
function iterates(
  cls: BuiltinType,
  parameters: string,
  make: (ctx: Context, given: Given) => Value,
): void {
  constructs(cls, parameters, (ctx, given) => {
    ctx.budget.charge(SCOPE);
    return make(ctx, given);
  });
}

function fillIterators(): void {
  iterates(TYPES.enumerate, 'iterable, start=', (ctx, given) => {
    const items = iter(ctx, given.get('iterable'));
    let at = given.int('start', 0n);
    return new PyIterator('enumerate', () => {
      const item = nextItem(ctx, items);
      if (item === undefined) return undefined;
      ctx.budget.charge(TUPLE);
      return new Tuple([at++, item]);
    });
  });
  iterates(TYPES.zip, '*args, strict=', zipped);
  iterates(TYPES.map, 'func, *args', (ctx, given) => {
    const func = given.get('func');
    const parts = given.rest.map((value) => iter(ctx, value));
    if (parts.length === 0) throw ctx.raise('TypeError', 'map() must have at least two arguments.');
    return new PyIterator('map', () => {
      const args: Value[] = [];
      for (const part of parts) {
        const item = nextItem(ctx, part);
        if (item === undefined) return undefined;
        args.push(item);
      }
      return ctx.call(func, args);
    });
  });
  iterates(TYPES.filter, 'func, iterable', (ctx, given) => {
    const func = given.get('func');
    const items = iter(ctx, given.get('iterable'));
    return new PyIterator('filter', () => {
      for (;;) {
        const item = nextItem(ctx, items);
        if (item === undefined) return undefined;
        if (ctx.truth(func === null ? item : ctx.call(func, [item]))) return item;
      }
    });
  });
  iterates(TYPES.reversed, 'sequence', (ctx, given) => backwards(ctx, given.get('sequence')));
}

function fillDescriptors(): void {
  constructs(
    TYPES.property,
    'fget=, fset=, fdel=, doc=',
    (_ctx, given) => new PropertyValue(given.get('fget'), given.get('fset'), given.get('fdel')),
  );
  constructs(
    TYPES.staticmethod,
    'function',
    (_ctx, given) => new MethodWrapper('static', given.get('function')),
  );
  constructs(
    TYPES.classmethod,
    'function',
    (_ctx, given) => new MethodWrapper('class', given.get('function')),
  );
  constructs(TYPES.super, 'cls=, self=', (ctx, given) => {
    const cls = given.get('cls');
    const self = given.raw('self');
    if (cls instanceof ClassValue && self !== undefined) return new SuperValue(cls, self);
    throw ctx.unsupported('super() without a class and an object is not supported');
  });
  const { attrs } = TYPES.property;
  const parts = { getter: 'fget', setter: 'fset', deleter: 'fdel' } as const;
  for (const name of ['getter', 'setter', 'deleter'] as const) {
    attrs.set(
      name,
      method(name, 'function', (_ctx, self, given) => {
        const { getter, setter, deleter } = self as PropertyValue;
        const all = { getter, setter, deleter, [name]: given.get('function') };
        return new PropertyValue(all.getter, all.setter, all.deleter);
      }),
    );
    attrs.set(
      parts[name],
      new PropertyValue(new Builtin(parts[name], (_ctx, [self]) => (self as PropertyValue)[name])),
    );
  }
}

/** `cls.__new__(cls, value)` of immutable classes, as a subclass calls it. */
function fillNew(): void {
  for (const cls of [
    TYPES.str,
    TYPES.int,
    TYPES.float,
    TYPES.tuple,
    TYPES.bytes,
    TYPES.frozenset,
  ]) {
    const make = cls.native.construct;
    const call = (ctx: Context, args: readonly Value[], kwargs: Kwargs): Value => {
      const [wanted, ...rest] = args;
      const value = make?.(ctx, cls, rest, kwargs) ?? null;
      if (!(wanted instanceof ClassValue) || wanted === cls) return value;
      const instance = new Instance(wanted);
      instance.payload = value;
      return instance;
    };
    cls.attrs.set('__new__', new MethodWrapper('static', new Builtin('__new__', call)));
  }
}

export function fillConstructors(): void {
  constructs(TYPES.int, 'x=, base=', toInt);
  constructs(TYPES.float, 'x=', toFloat);
  constructs(TYPES.bool, 'x=', (_ctx, given) => given.truth('x', false));
  constructs(TYPES.str, 'object=, encoding=, errors=', (ctx, given) => {
    const object = given.raw('object');
    if (object === undefined) return '';
    const bytes = asBytes(object);
    const decoded = given.raw('encoding') !== undefined || given.raw('errors') !== undefined;
    if (bytes && decoded) {
      return decode(ctx, bytes, given.str('encoding', 'utf-8'), given.str('errors', 'strict'));
    }
    if (decoded) throw ctx.raise('TypeError', `decoding ${typeName(object)} is not supported`);
    return typeof object === 'bigint' ? intText(ctx, object) : ctx.str(object);
  });
  constructs(TYPES.bytes, 'source=, encoding=, errors=', toBytes);
  constructs(TYPES.list, 'iterable=', (ctx, given) => {
    const list = new List();
    if (given.raw('iterable') !== undefined) extend(ctx, list, given.get('iterable'));
    return list;
  });
  constructs(TYPES.tuple, 'iterable=', (ctx, given) => {
    const value = given.raw('iterable');
    if (value === undefined) return new Tuple([]);
    if (value instanceof Tuple && value.cls === undefined) return value;
    const items = [...ctx.iterate(value)];
    ctx.budget.charge(items.length);
    return new Tuple(items);
  });
  constructs(TYPES.dict, '*args, **', (ctx, given) => {
    const dict = new Dict();
    if (given.rest.length > 1) {
      throw ctx.raise('TypeError', `dict expected at most 1 argument, got ${given.rest.length}`);
    }
    update(ctx, dict, given.rest[0], given.kwargs);
    return dict;
  });
  for (const cls of [TYPES.set, TYPES.frozenset]) {
    constructs(cls, 'iterable=', (ctx, given) => {
      const value = given.raw('iterable');
      const set = new SetValue(cls === TYPES.frozenset);
      if (value !== undefined) fillFrom(ctx, set, value);
      return set;
    });
  }
  constructs(TYPES.slice, 'start, stop=, step=', (_ctx, given) =>
    given.raw('stop') === undefined
      ? new Slice(null, given.get('start'), null)
      : new Slice(given.get('start'), given.get('stop'), given.get('step')),
  );
  constructs(TYPES.range, 'start, stop=, step=', toRange);
  constructs(TYPES.type, 'x, bases=, dict=, **', toType);
  fillIterators();
  fillDescriptors();
  fillNew();
}
