import type { PyObject } from '../../torch/python.js';
import { asDict } from '../builtins/unwrap.js';
import { CodeBudgetError } from '../errors.js';
import { TYPES } from '../types.js';
import { Builtin, ClassValue, Instance, List, SetValue, Tuple, type Value } from '../values.js';
import { memberOf } from './class-record.js';
import { opaqueClass, opaqueInstance } from './opaque.js';
import type { Reading } from './reading.js';

/** An object of a class, or the result of calling a function in TypeScript. */
export function readInstance(reading: Reading, record: PyObject): Value {
  const cls = reading.value(record.cls);
  if (cls instanceof Builtin) return called(reading, record, cls);
  const type = classOf(reading, record);
  if (record.args.length > 0 && record.attrs.size === 0) {
    const member = memberOf(reading, type, record);
    if (member !== undefined) return member;
    const { native } = type;
    if (native?.construct && !native.opaque) return called(reading, record, type);
  }
  const payload = payloadOf(reading, record, type);
  const { size } = record.attrs;
  if (payload instanceof Tuple && size === 0) return new Tuple(payload.items, type);
  if (payload instanceof List && size === 0) return new List(payload.items, type);
  const instance = new Instance(type);
  instance.payload = payload;
  instance.lazy = (name) =>
    reading.complete(() => reading.attribute(record, name) ?? fieldOf(reading, record, type, name));
  return instance;
}

/** A field of a frozen dataclass with slots, whose state is the list of its fields' values. */
function fieldOf(
  reading: Reading,
  { state }: PyObject,
  type: ClassValue,
  name: string,
): Value | undefined {
  if (!Array.isArray(state)) return undefined;
  const fields = asDict(type.lookup('__dataclass_fields__'));
  // A ClassVar is among the fields, but not in the state.
  if (fields?.entries.size !== state.length) return undefined;
  const at = [...fields.entries.values()].findIndex(([key]) => key === name);
  return at < 0 ? undefined : reading.item(state, at);
}

/** The class of a record; a class known only by name if the file has no more. */
export function classOf(reading: Reading, record: PyObject): ClassValue {
  const cls = reading.value(record.cls);
  return cls instanceof ClassValue ? cls : opaqueClass(record.className);
}

function called(reading: Reading, record: PyObject, callable: Value): Value {
  const args = reading.complete(() => reading.items(record.args));
  const kwargs = reading.complete(() => reading.attributes(record.kwargs));
  try {
    return reading.context().call(callable, args, kwargs);
  } catch (error) {
    // A class that cannot be made may never be used; using it throws.
    if (error instanceof CodeBudgetError) throw error;
    return opaqueInstance(record.className);
  }
}

/** The builtin value within an object of a subclass of a builtin class. */
function payloadOf(reading: Reading, record: PyObject, cls: ClassValue): Value | undefined {
  const { args } = record;
  if (cls.isSubclassOf(TYPES.tuple)) {
    // A tuple's class takes one iterable; a named tuple's takes the items.
    const only = args.length === 1 ? reading.item(args, 0) : undefined;
    const isNamed = cls.lookup('_fields') !== undefined;
    return only instanceof Tuple && !isNamed ? only : new Tuple(reading.items(args));
  }
  if (cls.isSubclassOf(TYPES.list)) {
    const list = new List();
    reading.later(() => {
      const given = args.length > 0 ? reading.item(args, 0) : undefined;
      reading.later(() => {
        if (given instanceof List || given instanceof Tuple) list.items.unshift(...given.items);
      });
      list.items.push(...reading.items(record.items));
    });
    return list;
  }
  if (cls.isSubclassOf(TYPES.dict)) return reading.value(record.entries);
  if (cls.isSubclassOf(TYPES.set) || cls.isSubclassOf(TYPES.frozenset)) {
    const value = args.length > 0 ? reading.item(args, 0) : undefined;
    return value instanceof SetValue ? value : undefined;
  }
  for (const plain of [TYPES.str, TYPES.int, TYPES.float, TYPES.bytes]) {
    if (cls.isSubclassOf(plain)) return args.length > 0 ? reading.item(args, 0) : undefined;
  }
  return undefined;
}
