import { HostObject } from './host.js';
import {
  BoundMethod,
  Builtin,
  ClassValue,
  Dict,
  ELLIPSIS,
  Func,
  Instance,
  List,
  MethodWrapper,
  ModuleValue,
  NOT_IMPLEMENTED,
  PropertyValue,
  PyIterator,
  Range,
  SetValue,
  Singleton,
  Slice,
  SuperValue,
  Tuple,
  type NativeClass,
  type Value,
} from './values.js';

/** A class of Python itself. `builtins/` fills its attributes and its constructor. */
export type BuiltinType = ClassValue & { readonly native: NativeClass };

const everyType = new Set<ClassValue>();

function type(name: string, ...bases: ClassValue[]): BuiltinType {
  const made = new ClassValue(name, `builtins.${name}`, bases, [], {});
  everyType.add(made);
  return made as BuiltinType;
}

const object = type('object');
const int = type('int', object);

/** The classes of Python's own values. The names are those of `type(x).__name__`. */
export const TYPES = {
  object,
  type: type('type', object),
  int,
  bool: type('bool', int),
  float: type('float', object),
  str: type('str', object),
  bytes: type('bytes', object),
  list: type('list', object),
  tuple: type('tuple', object),
  dict: type('dict', object),
  set: type('set', object),
  frozenset: type('frozenset', object),
  slice: type('slice', object),
  range: type('range', object),
  property: type('property', object),
  classmethod: type('classmethod', object),
  staticmethod: type('staticmethod', object),
  super: type('super', object),
  enumerate: type('enumerate', object),
  zip: type('zip', object),
  map: type('map', object),
  filter: type('filter', object),
  reversed: type('reversed', object),
  function: type('function', object),
  builtin_function_or_method: type('builtin_function_or_method', object),
  method: type('method', object),
  module: type('module', object),
  generator: type('generator', object),
  iterator: type('iterator', object),
  NoneType: type('NoneType', object),
  ellipsis: type('ellipsis', object),
  NotImplementedType: type('NotImplementedType', object),
} as const;

/** Whether it is a class of Python's own values, and not a subclass of one. */
export const isBuiltinType = (cls: ClassValue): cls is BuiltinType => everyType.has(cls);

const ITERATORS: ReadonlyMap<string, ClassValue> = new Map(
  [TYPES.enumerate, TYPES.zip, TYPES.map, TYPES.filter, TYPES.reversed, TYPES.generator].map(
    (cls) => [cls.name, cls],
  ),
);

const foreign = new Map<string, ClassValue>();

/** Classes of host objects without a named class, and of singletons: known only by name. */
function named(name: string): ClassValue {
  let cls = foreign.get(name);
  if (!cls) {
    // The names come from the tables, never from a file, so the map stays small.
    cls = new ClassValue(name, name, [object], [], { opaque: true });
    foreign.set(name, cls);
  }
  return cls;
}

/** `type(value)`. Undefined for what is not a Python value. */
export function typeOf(value: Value): ClassValue | undefined {
  switch (typeof value) {
    case 'bigint':
      return TYPES.int;
    case 'number':
      return TYPES.float;
    case 'string':
      return TYPES.str;
    case 'boolean':
      return TYPES.bool;
    default:
  }
  if (value === null) return TYPES.NoneType;
  if (value instanceof Instance) return value.cls;
  if (value instanceof Tuple) return value.cls ?? TYPES.tuple;
  if (value instanceof List) return value.cls ?? TYPES.list;
  if (value instanceof HostObject) return value.cls ?? named(value.typeName);
  if (value instanceof Dict) return value.cls ?? TYPES.dict;
  if (value instanceof Func) return TYPES.function;
  if (value instanceof Builtin) return TYPES.builtin_function_or_method;
  if (value instanceof BoundMethod) return TYPES.method;
  if (value instanceof ClassValue) return value.metaclass ?? TYPES.type;
  if (value instanceof SetValue) return value.frozen ? TYPES.frozenset : TYPES.set;
  if (value instanceof Slice) return TYPES.slice;
  if (value instanceof Range) return TYPES.range;
  if (value instanceof ModuleValue) return TYPES.module;
  if (value instanceof PyIterator) return ITERATORS.get(value.kind) ?? TYPES.iterator;
  if (value instanceof PropertyValue) return TYPES.property;
  if (value instanceof MethodWrapper) {
    return value.kind === 'static' ? TYPES.staticmethod : TYPES.classmethod;
  }
  if (value instanceof SuperValue) return TYPES.super;
  if (value instanceof Uint8Array) return TYPES.bytes;
  if (value === ELLIPSIS) return TYPES.ellipsis;
  if (value === NOT_IMPLEMENTED) return TYPES.NotImplementedType;
  // For example element types of a library: only their names are needed.
  if (value instanceof Singleton) return named('object');
  return undefined;
}
