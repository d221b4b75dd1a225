import type { Context } from '../context.js';
import { TYPES } from '../types.js';
import {
  Builtin,
  ClassValue,
  Dict,
  MethodWrapper,
  Tuple,
  type Kwargs,
  type Value,
} from '../values.js';
import { attribute, fn, method } from '../builtins/define.js';
import { put } from '../builtins/dict-methods.js';
import { asDict, asStr, asTuple } from '../builtins/unwrap.js';

function fieldsOf(cls: ClassValue): readonly string[] {
  const fields = cls.lookup('_fields');
  return fields instanceof Tuple ? fields.items.map(String) : [];
}

function construct(ctx: Context, cls: ClassValue, args: readonly Value[], kwargs: Kwargs): Tuple {
  const fields = fieldsOf(cls);
  const defaults = asDict(cls.lookup('_field_defaults'));
  if (args.length > fields.length) {
    throw ctx.raise(
      'TypeError',
      `${cls.name}.__new__() takes ${fields.length + 1} positional arguments but ${args.length + 1} were given`,
    );
  }
  for (const key of kwargs.keys()) {
    if (!fields.includes(key) || fields.indexOf(key) < args.length) {
      throw ctx.raise('TypeError', `${cls.name}.__new__() got an unexpected argument '${key}'`);
    }
  }
  const items = fields.map((field, at) => {
    const value = args[at] ?? kwargs.get(field) ?? defaults?.entries.get(ctx.keyOf(field))?.[1];
    if (value !== undefined) return value;
    throw ctx.raise('TypeError', `${cls.name}.__new__() missing required argument: '${field}'`);
  });
  ctx.budget.charge(items.length);
  return new Tuple(items, cls);
}

const METHODS: readonly (readonly [string, Value])[] = [
  [
    '_asdict',
    method('_asdict', '', (ctx, self) => {
      const tuple = self as Tuple;
      const dict = new Dict();
      fieldsOf(ctx.typeOf(self)).forEach((field, at) => {
        put(ctx, dict, field, tuple.items[at] ?? null);
      });
      return dict;
    }),
  ],
  [
    '_replace',
    method('_replace', '**', (ctx, self, given) => {
      const tuple = self as Tuple;
      const fields = fieldsOf(ctx.typeOf(self));
      for (const key of given.kwargs.keys()) {
        if (!fields.includes(key)) {
          throw ctx.raise('ValueError', `Got unexpected field names: ['${key}']`);
        }
      }
      return new Tuple(
        fields.map((field, at) => given.kwargs.get(field) ?? tuple.items[at] ?? null),
        tuple.cls,
      );
    }),
  ],
  [
    '_make',
    new MethodWrapper(
      'class',
      new Builtin('_make', (ctx, [cls, items = null]) =>
        construct(ctx, cls as ClassValue, [...ctx.iterate(items)], new Map()),
      ),
    ),
  ],
];

/** Adds fields to a class as attributes. */
function addFields(
  ctx: Context,
  cls: ClassValue,
  fields: readonly string[],
  defaults: ReadonlyMap<string, Value>,
): void {
  ctx.budget.charge(fields.length * 2);
  cls.attrs.set('_fields', new Tuple(fields));
  const dict = new Dict();
  for (const [name, value] of defaults) put(ctx, dict, name, value);
  cls.attrs.set('_field_defaults', dict);
  fields.forEach((field, at) => {
    cls.attrs.set(
      field,
      attribute(field, (self) => asTuple(self)?.items[at] ?? null),
    );
  });
}

/** `namedtuple(name, fields)`. */
export const NAMED_TUPLE_FUNCTION = fn(
  'namedtuple',
  'typename, field_names, *, rename=, defaults=, module=',
  (ctx, given) => {
    const name = given.str('typename');
    const text = asStr(given.get('field_names'));
    const fields =
      text === undefined
        ? Array.from(ctx.iterate(given.get('field_names')), (field) => ctx.str(field))
        : text.split(/[\s,]+/).filter((field) => field !== '');
    const renamed = fields.map((field, at) =>
      given.truth('rename', false) && (!isField(field) || fields.indexOf(field) < at)
        ? `_${at}`
        : field,
    );
    const bad = renamed.find((field) => !isField(field) && !/^_\d+$/.test(field));
    if (bad !== undefined || new Set(renamed).size !== renamed.length) {
      throw ctx.raise(
        'ValueError',
        `Type names and field names must be valid and differ: '${bad ?? name}'`,
      );
    }
    const values = given.get('defaults') === null ? [] : [...ctx.iterate(given.get('defaults'))];
    const defaults = new Map(
      values.map((value, at): [string, Value] => [
        renamed[renamed.length - values.length + at] ?? '',
        value,
      ]),
    );
    const cls = new ClassValue(name, `__main__.${name}`, [TYPES.tuple], METHODS, { construct });
    addFields(ctx, cls, renamed, defaults);
    return cls;
  },
);

const isField = (name: string): boolean => /^[\p{L}][\p{L}\p{N}_]*$/u.test(name);

/** `typing.NamedTuple`: a class whose annotations are its fields. */
export const NAMED_TUPLE = new ClassValue(
  'NamedTuple',
  'typing.NamedTuple',
  [TYPES.tuple],
  METHODS,
  {
    construct,
    subclassed(ctx, cls) {
      if (fieldsOf(cls).length > 0) return;
      const annotations = asDict(ctx.findAttr(cls, '__annotations__'));
      const fields = [...(annotations?.entries.values() ?? [])].map(([key]) => asStr(key) ?? '');
      const defaults = new Map<string, Value>();
      for (const field of fields) {
        const value = cls.attrs.get(field);
        if (value !== undefined) defaults.set(field, value);
      }
      addFields(ctx, cls, fields, defaults);
    },
  },
);
