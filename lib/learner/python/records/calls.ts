import { PyGlobal, PyObject, qualifiedNameOf, type PyValue } from '../../torch/python.js';
import { TYPES, typeOf } from '../types.js';
import {
  BoundMethod,
  Builtin,
  ClassValue,
  ELLIPSIS,
  Func,
  Instance,
  MethodWrapper,
  ModuleValue,
  NOT_IMPLEMENTED,
  PropertyValue,
  Range,
  Slice,
  Tuple,
  type Value,
} from '../values.js';
import { readClass, readEnum, readTypeCall } from './class-record.js';
import { dispatchOf } from './dispatch.js';
import { readFunction } from './function-record.js';
import { helperOf } from './helpers.js';
import { opaqueClass } from './opaque.js';
import type { Reading } from './reading.js';

type Read = (reading: Reading, record: PyObject) => Value | undefined;

/** The helpers of cloudpickle. */
const HELPERS = new Map<string, Read>([
  ['_make_function', readFunction],
  ['_make_skel_func', readFunction],
  ['_make_skeleton_class', readClass],
  ['_make_skeleton_enum', readEnum],
  ['_builtin_type', (reading, { args }) => named(reading, `types.${String(args[0])}`)],
  ['subimport', (reading, { args }) => moduleOf(reading, args[0])],
  ['dynamic_subimport', (reading, record) => dynamicModule(reading, record)],
]);

/** Calls of Python's own functions that make values, as `copyreg` and cloudpickle write them. */
const CALLS = new Map<string, Read>([
  ['builtins.type', (reading, record) => typeCall(reading, record)],
  ['builtins.getattr', (reading, record) => readGetattr(reading, record)],
  ['builtins.property', (reading, record) => property(reading, record)],
  ['builtins.staticmethod', (reading, record) => wrapper(reading, record, 'static')],
  ['builtins.classmethod', (reading, record) => wrapper(reading, record, 'class')],
  ['types.MethodType', (reading, record) => method(reading, record)],
  ['builtins.slice', (reading, record) => slice(reading, record)],
  ['builtins.range', (reading, record) => range(reading, record)],
  ['builtins.object', () => new Instance(TYPES.object)],
  ['types.FunctionType', readFunction],
  ['types.LambdaType', readFunction],
  ['collections._tuplegetter', tupleGetter],
  ['_collections._tuplegetter', tupleGetter],
  ['operator.itemgetter', itemGetter],
  ['operator.attrgetter', attrGetter],
  ['operator.methodcaller', methodCaller],
  ['functools.cached_property', (reading, record) => cached(reading, record)],
  ['plum._function.Function', dispatchOf],
  ['plum.function.Function', dispatchOf],
]);

/** The value of a recorded call of Python or cloudpickle. */
export function readCall(reading: Reading, record: PyObject): Value | undefined {
  const helper = helperOf(record);
  if (helper !== undefined) return HELPERS.get(helper)?.(reading, record);
  const name = qualifiedNameOf(record.cls);
  return name === undefined ? undefined : CALLS.get(name)?.(reading, record);
}

/** Constants that a file holds by name. */
export const CONSTANTS: ReadonlyMap<string, Value> = new Map<string, Value>([
  ['builtins.Ellipsis', ELLIPSIS],
  ['builtins.NotImplemented', NOT_IMPLEMENTED],
]);

function named(reading: Reading, qualifiedName: string): Value {
  return reading.resolve(qualifiedName) ?? opaqueClass(qualifiedName);
}

function moduleOf(reading: Reading, name: PyValue | undefined): Value | undefined {
  if (typeof name !== 'string') return undefined;
  return reading.resolve(name) ?? new ModuleValue(name);
}

/** A module created in the notebook; the file holds its names. */
function dynamicModule(reading: Reading, record: PyObject): Value | undefined {
  const [, names] = record.args;
  const module = new Instance(TYPES.module);
  module.lazy = (name) => reading.attribute(record, name) ?? reading.entry(names, name);
  return module;
}

/** `type(None)`, `type(...)`, or a class made from its parts. */
function typeCall(reading: Reading, record: PyObject): Value | undefined {
  if (record.args.length !== 1) return readTypeCall(reading, record);
  return typeOf(reading.item(record.args, 0));
}

/** An attribute of something that the file names or holds. */
function readGetattr(reading: Reading, record: PyObject): Value | undefined {
  const [owner, name] = record.args;
  if (typeof name !== 'string' || owner === undefined) return undefined;
  if (owner instanceof PyGlobal) {
    const found = reading.resolve(`${owner.qualifiedName}.${name}`);
    if (found !== undefined) return found;
  }
  const value = reading.value(owner);
  if (value instanceof ClassValue) {
    const found = value.lookup(name);
    if (found instanceof MethodWrapper) {
      return found.kind === 'class' ? new BoundMethod(value, found.func) : found.func;
    }
    return found ?? named(reading, `${value.qualifiedName}.${name}`);
  }
  if (value instanceof ModuleValue) return named(reading, `${value.path}.${name}`);
  if (!(value instanceof Instance)) return opaqueClass(`${qualifiedNameOf(owner) ?? ''}.${name}`);
  const own = value.attrs.get(name) ?? value.lazy?.(name);
  if (own !== undefined) return own;
  const found = value.cls.lookup(name);
  return found instanceof Func ? new BoundMethod(value, found) : undefined;
}

/** A field of a named tuple: an index, and its documentation. */
function tupleGetter(reading: Reading, record: PyObject): Value | undefined {
  const index = first(reading, record);
  if (typeof index !== 'bigint') return undefined;
  return new PropertyValue(
    new Builtin('_tuplegetter', (ctx, [self]) => ctx.getItem(self ?? null, index)),
  );
}

function itemGetter(reading: Reading, record: PyObject): Value {
  const keys = reading.items(record.args);
  return new Builtin('itemgetter', (ctx, [object = null]) =>
    oneOrTuple(keys.map((key) => ctx.getItem(object, key))),
  );
}

function attrGetter(_: Reading, record: PyObject): Value | undefined {
  const { args } = record;
  if (!args.every((name) => typeof name === 'string')) return undefined;
  return new Builtin('attrgetter', (ctx, [object = null]) =>
    oneOrTuple(
      args.map((path) =>
        path.split('.').reduce<Value>((value, name) => ctx.getAttr(value, name), object),
      ),
    ),
  );
}

function methodCaller(reading: Reading, record: PyObject): Value | undefined {
  const [name] = record.args;
  if (typeof name !== 'string') return undefined;
  const args = reading.items(record.args).slice(1);
  const kwargs = reading.attributes(record.kwargs);
  return new Builtin('methodcaller', (ctx, [object = null]) =>
    ctx.call(ctx.getAttr(object, name), args, kwargs),
  );
}

function oneOrTuple(values: readonly Value[]): Value {
  return values.length === 1 ? values[0]! : new Tuple(values);
}

function property(reading: Reading, record: PyObject): Value {
  const part = (index: number): Value =>
    index < record.args.length ? reading.item(record.args, index) : null;
  return new PropertyValue(part(0), part(1), part(2));
}

function cached(reading: Reading, record: PyObject): Value | undefined {
  const func = reading.attribute(record, 'func') ?? first(reading, record);
  return func === undefined ? undefined : new PropertyValue(func);
}

function wrapper(reading: Reading, record: PyObject, kind: 'static' | 'class'): Value | undefined {
  const func = first(reading, record);
  return func === undefined ? undefined : new MethodWrapper(kind, func);
}

function method(reading: Reading, record: PyObject): Value | undefined {
  if (record.args.length < 2) return undefined;
  return new BoundMethod(reading.item(record.args, 1), reading.item(record.args, 0));
}

function slice(reading: Reading, record: PyObject): Value {
  const parts = reading.items(record.args);
  if (parts.length === 1) return new Slice(null, parts[0]!, null);
  return new Slice(parts[0] ?? null, parts[1] ?? null, parts[2] ?? null);
}

function range(reading: Reading, record: PyObject): Value | undefined {
  const parts = reading.items(record.args);
  if (!parts.every((part) => typeof part === 'bigint')) return undefined;
  const [start, stop, step] = parts.length === 1 ? [0n, parts[0]!] : parts;
  if (start === undefined || stop === undefined || step === 0n) return undefined;
  return new Range(start, stop, step ?? 1n);
}

function first(reading: Reading, record: PyObject): Value | undefined {
  return record.args.length === 0 ? undefined : reading.item(record.args, 0);
}
