import type { Context } from '../context.js';
import { TYPES } from '../types.js';
import {
  Builtin,
  ClassValue,
  Dict,
  Instance,
  List,
  NOT_IMPLEMENTED,
  Tuple,
  type Kwargs,
  type Value,
} from '../values.js';
import { fn, type Given } from '../builtins/define.js';
import { put } from '../builtins/dict-methods.js';
import { asDict, asStr } from '../builtins/unwrap.js';
import { namesOf } from './module-names.js';

const FIELD = new ClassValue('Field', 'dataclasses.Field', [TYPES.object], [], {});
const MISSING = new Instance(
  new ClassValue('_MISSING_TYPE', 'dataclasses._MISSING_TYPE', [TYPES.object]),
);

interface Field {
  readonly name: string;
  readonly value: Value | undefined;
  readonly factory: Value | undefined;
  readonly init: boolean;
  readonly repr: boolean;
  readonly compare: boolean;
  readonly keywordOnly: boolean;
}

const fields = new WeakMap<ClassValue, readonly Field[]>();

/** The fields of a data class, fields of its bases first. */
function fieldsOf(ctx: Context, value: Value): readonly Field[] {
  const cls =
    value instanceof ClassValue ? value : value instanceof Instance ? value.cls : undefined;
  const found = cls?.mro.map((one) => fields.get(one)).find((one) => one !== undefined);
  if (found) return found;
  throw ctx.raise('TypeError', 'must be called with a dataclass type or instance');
}

function readFields(ctx: Context, cls: ClassValue, keywordOnly: boolean): Field[] {
  const all = new Map<string, Field>();
  for (const base of [...cls.mro].reverse()) {
    for (const field of (base !== cls && fields.get(base)) || []) all.set(field.name, field);
  }
  const annotations = asDict(ctx.findAttr(cls, '__annotations__'));
  for (const [key, kind] of annotations?.entries.values() ?? []) {
    const name = asStr(key) ?? '';
    if (
      /^(?:typing\.)?ClassVar/.test(asStr(kind) ?? (typeof kind === 'object' ? ctx.repr(kind) : ''))
    )
      continue;
    const given = cls.attrs.get(name);
    const spec = given instanceof Instance && given.cls === FIELD ? given.attrs : undefined;
    const flag = (one: string): boolean => spec?.get(one) !== false;
    all.set(name, {
      name,
      value: spec ? spec.get('default') : given,
      factory: spec?.get('default_factory'),
      init: flag('init'),
      repr: flag('repr'),
      compare: flag('compare'),
      keywordOnly: keywordOnly || spec?.get('kw_only') === true,
    });
    if (spec) {
      const value = spec.get('default');
      if (value === undefined) cls.attrs.delete(name);
      else cls.attrs.set(name, value);
    }
    if (given instanceof List || given instanceof Dict) {
      throw ctx.raise(
        'ValueError',
        `mutable default ${ctx.repr(ctx.typeOf(given))} for field ${name} is not allowed: use default_factory`,
      );
    }
  }
  return [...all.values()];
}

function initialize(all: readonly Field[], frozen: boolean): Builtin {
  const positional = all.filter((field) => field.init && !field.keywordOnly);
  return new Builtin(
    '__init__',
    (ctx, [self = null, ...args], kwargs) => {
      if (!(self instanceof Instance)) throw ctx.raise('TypeError', '__init__() needs an instance');
      if (args.length > positional.length) {
        throw ctx.raise(
          'TypeError',
          `${self.cls.name}.__init__() takes ${positional.length + 1} positional arguments but ${args.length + 1} were given`,
        );
      }
      for (const key of kwargs.keys()) {
        const at = positional.findIndex(({ name }) => name === key);
        const known = all.some(({ name, init }) => init && name === key);
        if (!known || (at >= 0 && at < args.length)) {
          throw ctx.raise(
            'TypeError',
            `${self.cls.name}.__init__() got an unexpected keyword argument '${key}'`,
          );
        }
      }
      for (const field of all) {
        const at = positional.indexOf(field);
        const given =
          (at < 0 ? undefined : args[at]) ?? (field.init ? kwargs.get(field.name) : undefined);
        const value =
          given ?? (field.factory === undefined ? field.value : ctx.call(field.factory, []));
        if (value !== undefined) {
          if (frozen) self.attrs.set(field.name, value);
          else ctx.setAttr(self, field.name, value);
        } else if (field.init) {
          throw ctx.raise(
            'TypeError',
            `${self.cls.name}.__init__() missing 1 required positional argument: '${field.name}'`,
          );
        }
      }
      if (self.cls.lookup('__post_init__') !== undefined) {
        ctx.call(ctx.getAttr(self, '__post_init__'), []);
      }
      return null;
    },
    true,
  );
}

/** The values by which a data class compares. */
const compared = (ctx: Context, all: readonly Field[], self: Value): Tuple =>
  new Tuple(all.filter(({ compare }) => compare).map(({ name }) => ctx.getAttr(self, name)));

function addMethods(ctx: Context, cls: ClassValue, all: readonly Field[], options: Given): void {
  const add = (name: string, run: Builtin['call']): void => {
    if (!cls.attrs.has(name)) cls.attrs.set(name, new Builtin(name, run, true));
  };
  const frozen = options.truth('frozen', false);
  if (options.truth('init', true)) add('__init__', initialize(all, frozen).call);
  if (options.truth('repr', true)) {
    add('__repr__', (inner, [self = null]) => {
      const parts = all
        .filter(({ repr }) => repr)
        .map(({ name }) => `${name}=${inner.repr(inner.getAttr(self, name))}`);
      return `${cls.name}(${parts.join(', ')})`;
    });
  }
  const sameClass = (self: Value, other: Value): boolean =>
    self instanceof Instance && other instanceof Instance && self.cls === other.cls;
  if (options.truth('eq', true)) {
    add('__eq__', (inner, [self = null, other = null]) =>
      sameClass(self, other)
        ? inner.compare('==', compared(inner, all, self), compared(inner, all, other))
        : NOT_IMPLEMENTED,
    );
  }
  if (options.truth('order', false)) {
    for (const [name, op] of [
      ['__lt__', '<'],
      ['__le__', '<='],
      ['__gt__', '>'],
      ['__ge__', '>='],
    ] as const) {
      add(name, (inner, [self = null, other = null]) =>
        sameClass(self, other)
          ? inner.compare(op, compared(inner, all, self), compared(inner, all, other))
          : NOT_IMPLEMENTED,
      );
    }
  }
  if (frozen) {
    add('__setattr__', (inner, [, name]) => {
      throw inner.raise('AttributeError', `cannot assign to field ${inner.repr(name ?? null)}`);
    });
  }
  ctx.budget.charge(all.length);
}

function make(ctx: Context, cls: Value, options: Given): Value {
  if (!(cls instanceof ClassValue)) throw ctx.raise('TypeError', 'dataclass() needs a class');
  const all = readFields(ctx, cls, options.truth('kw_only', false));
  fields.set(cls, all);
  addMethods(ctx, cls, all, options);
  return cls;
}

/** Nested data classes, lists, tuples and dictionaries become plain ones. */
function plain(ctx: Context, value: Value, as: (pairs: [string, Value][]) => Value): Value {
  ctx.budget.enter();
  ctx.budget.charge(1);
  try {
    if (value instanceof Instance && value.cls.mro.some((one) => fields.has(one))) {
      return as(
        fieldsOf(ctx, value).map(({ name }) => [name, plain(ctx, ctx.getAttr(value, name), as)]),
      );
    }
    if (value instanceof List) return new List(value.items.map((item) => plain(ctx, item, as)));
    if (value instanceof Tuple) {
      return new Tuple(
        value.items.map((item) => plain(ctx, item, as)),
        value.cls,
      );
    }
    if (value instanceof Dict) {
      const dict = new Dict();
      for (const [key, item] of value.entries.values()) put(ctx, dict, key, plain(ctx, item, as));
      return dict;
    }
    return value;
  } finally {
    ctx.budget.leave();
  }
}

export const DATACLASSES = namesOf(
  [
    fn(
      'dataclass',
      'cls=, *, init=, repr=, eq=, order=, unsafe_hash=, frozen=, match_args=, kw_only=, slots=, weakref_slot=',
      (ctx, given) => {
        const cls = given.get('cls');
        if (cls !== null) return make(ctx, cls, given);
        return new Builtin('dataclass', (inner, [wanted = null]) => make(inner, wanted, given));
      },
    ),
    fn(
      'field',
      '*, default=, default_factory=, init=, repr=, hash=, compare=, metadata=, kw_only=',
      (_ctx, given) => {
        const field = new Instance(FIELD);
        for (const name of ['default', 'default_factory', 'init', 'repr', 'compare', 'kw_only']) {
          const value = given.raw(name);
          if (value !== undefined && value !== MISSING) field.attrs.set(name, value);
        }
        return field;
      },
    ),
    fn(
      'fields',
      'class_or_instance',
      (ctx, given) =>
        new Tuple(
          fieldsOf(ctx, given.get('class_or_instance')).map(({ name, value }) => {
            const field = new Instance(FIELD);
            field.attrs.set('name', name);
            field.attrs.set('default', value ?? MISSING);
            return field;
          }),
        ),
    ),
    fn('asdict', 'obj', (ctx, given) =>
      plain(ctx, given.get('obj'), (pairs) => {
        const dict = new Dict();
        for (const [name, value] of pairs) put(ctx, dict, name, value);
        return dict;
      }),
    ),
    fn('astuple', 'obj', (ctx, given) =>
      plain(ctx, given.get('obj'), (pairs) => new Tuple(pairs.map(([, value]) => value))),
    ),
    fn('is_dataclass', 'obj', (_ctx, given) => {
      const value = given.get('obj');
      const cls =
        value instanceof ClassValue ? value : value instanceof Instance ? value.cls : undefined;
      return cls?.mro.some((one) => fields.has(one)) ?? false;
    }),
    fn('replace', 'obj, **', (ctx, given) => {
      const object = given.get('obj');
      const kwargs = new Map<string, Value>();
      for (const { name, init } of fieldsOf(ctx, object)) {
        if (init) kwargs.set(name, ctx.getAttr(object, name));
      }
      for (const [name, value] of given.kwargs) if (name !== 'obj') kwargs.set(name, value);
      return ctx.call(ctx.typeOf(object), [], kwargs as Kwargs);
    }),
  ],
  { MISSING, Field: FIELD },
);
