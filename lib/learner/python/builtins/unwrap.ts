import { TYPES } from '../types.js';
import { Dict, Instance, List, SetValue, Tuple, type ClassValue, type Value } from '../values.js';

// An instance of a subclass of `str`, `list`... holds the plain value as its payload. The payload
// of an exception is the tuple of its arguments, so the class decides.

function payload(value: Value | undefined, cls: ClassValue): Value | undefined {
  return value instanceof Instance && value.cls.isSubclassOf(cls) ? value.payload : value;
}

export function asStr(value: Value | undefined): string | undefined {
  const plain = typeof value === 'string' ? value : payload(value, TYPES.str);
  return typeof plain === 'string' ? plain : undefined;
}

export function asBytes(value: Value | undefined): Uint8Array | undefined {
  const plain = payload(value, TYPES.bytes);
  return plain instanceof Uint8Array ? plain : undefined;
}

/** The value of an int or a bool. */
export function asInt(value: Value | undefined): bigint | undefined {
  if (typeof value === 'bigint') return value;
  if (typeof value === 'boolean') return BigInt(value);
  const plain = payload(value, TYPES.int);
  return typeof plain === 'bigint' ? plain : undefined;
}

export function asFloat(value: Value | undefined): number | undefined {
  const plain = typeof value === 'number' ? value : payload(value, TYPES.float);
  return typeof plain === 'number' ? plain : undefined;
}

export function asList(value: Value | undefined): List | undefined {
  const plain = payload(value, TYPES.list);
  return plain instanceof List ? plain : undefined;
}

export function asTuple(value: Value | undefined): Tuple | undefined {
  const plain = payload(value, TYPES.tuple);
  return plain instanceof Tuple ? plain : undefined;
}

export function asDict(value: Value | undefined): Dict | undefined {
  const plain = payload(value, TYPES.dict);
  return plain instanceof Dict ? plain : undefined;
}

export function asSet(value: Value | undefined): SetValue | undefined {
  const plain = payload(payload(value, TYPES.set), TYPES.frozenset);
  return plain instanceof SetValue ? plain : undefined;
}

/** The plain value within an instance of a subclass of a builtin class. */
export function plainOf(value: Value): Value {
  if (!(value instanceof Instance) || value.payload === undefined) return value;
  return BASES.some((cls) => value.cls.isSubclassOf(cls)) ? value.payload : value;
}

const BASES = [
  TYPES.str,
  TYPES.int,
  TYPES.float,
  TYPES.list,
  TYPES.tuple,
  TYPES.dict,
  TYPES.set,
  TYPES.frozenset,
  TYPES.bytes,
];
