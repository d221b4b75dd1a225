import { PyDict, type PyObject, type PyValue } from '../../torch/python.js';
import { UnreadableCodeError } from '../errors.js';
import { TYPES } from '../types.js';
import { ClassValue, Instance, NO_KWARGS, type Value } from '../values.js';
import type { Reading } from './reading.js';

const DEEPEST = 100;
const MOST_BASES = 1000;
let depth = 0;

/** `_make_skeleton_class(metaclass, name, bases, {...}, id, extra)`. */
export function readClass(reading: Reading, record: PyObject): ClassValue {
  const [metaclass, name, bases, more] = record.args;
  return makeClass(reading, record, { metaclass, name, bases, more });
}

/** `type(name, bases, {...})`. */
export function readTypeCall(reading: Reading, record: PyObject): Value | undefined {
  const [name, bases, more] = record.args;
  if (typeof name !== 'string' || !Array.isArray(bases)) return undefined;
  return makeClass(reading, record, { metaclass: undefined, name, bases, more });
}

interface ClassParts {
  readonly metaclass: PyValue | undefined;
  readonly name: PyValue | undefined;
  readonly bases: PyValue | undefined;
  readonly more: PyValue | undefined;
}

function makeClass(reading: Reading, record: PyObject, parts: ClassParts): ClassValue {
  const name = typeof parts.name === 'string' ? parts.name : '<class>';
  const more = parts.more instanceof PyDict ? parts.more : new PyDict();
  const cls = new ClassValue(
    name,
    qualifiedName(record, more, name),
    basesOf(reading, name, parts),
  );
  if (cls.mro.length > MOST_BASES) {
    throw new UnreadableCodeError(name, `it has more than ${MOST_BASES} bases`);
  }
  reading.remember(record, cls);
  cls.metaclass = cls.mro.find(({ metaclass }) => metaclass)?.metaclass;
  reading.later(() => {
    for (const [key, value] of reading.attributes(more)) cls.attrs.set(key, value);
    for (const key of record.attrs.keys()) {
      if (key === '_abc_impl') continue;
      const value = reading.attribute(record, key)!;
      // Attributes that enumerations and named tuples take from their libraries exist here or are
      // not needed.
      if (value instanceof ClassValue && value.native?.opaque && key.startsWith('_')) continue;
      cls.attrs.set(key, value);
    }
    const metaclass = parts.metaclass === undefined ? undefined : reading.value(parts.metaclass);
    if (metaclass instanceof ClassValue && metaclass !== TYPES.type && !metaclass.native?.opaque) {
      cls.metaclass = metaclass;
    }
  });
  return cls;
}

function qualifiedName(record: PyObject, more: PyDict, name: string): string {
  const module = record.attr('__module__') ?? more.get('__module__');
  const qualname = record.attr('__qualname__') ?? name;
  return `${typeof module === 'string' ? `${module}.` : ''}${typeof qualname === 'string' ? qualname : name}`;
}

function basesOf(reading: Reading, name: string, { bases }: ClassParts): ClassValue[] {
  if (!Array.isArray(bases)) return [TYPES.object];
  if (depth >= DEEPEST) {
    throw new UnreadableCodeError(name, `its bases are nested more than ${DEEPEST} deep`);
  }
  depth++;
  try {
    const classes = bases
      .map((base) => reading.value(base))
      .filter((value) => value instanceof ClassValue);
    return classes.length > 0 ? classes : [TYPES.object];
  } finally {
    depth--;
  }
}

/** `_make_skeleton_enum(bases, name, qualname, members, module, id, extra)`. */
export function readEnum(reading: Reading, record: PyObject): ClassValue {
  const [bases, name, qualname, members, module] = record.args;
  const more = PyDict.from([
    ['__module__', module ?? null],
    ['__qualname__', qualname ?? name ?? null],
  ]);
  const cls = makeClass(reading, record, { metaclass: undefined, name, bases, more });
  if (!(members instanceof PyDict)) return cls;
  for (const [key, value] of reading.complete(() => reading.attributes(members))) {
    cls.attrs.set(key, value);
  }
  cls.mro
    .find(({ native }) => native?.subclassed)
    ?.native?.subclassed?.(reading.context(), cls, NO_KWARGS);
  enums.set(cls, members);
  return cls;
}

const enums = new WeakMap<ClassValue, PyDict>();

/** `Colour(1)`: the member of an enumeration with that value. */
export function memberOf(reading: Reading, cls: ClassValue, record: PyObject): Value | undefined {
  const members = enums.get(cls);
  if (!members || record.args.length !== 1) return undefined;
  const wanted = reading.complete(() => reading.item(record.args, 0));
  for (const name of members.keys()) {
    const member = typeof name === 'string' ? cls.attrs.get(name) : undefined;
    const value = member instanceof Instance ? member.attrs.get('_value_') : undefined;
    if (value !== undefined && reading.context().equal(value, wanted)) return member;
  }
  return undefined;
}
