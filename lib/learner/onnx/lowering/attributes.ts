import type { Module } from '../../torch/module.js';
import { PyDict, PyObject, type PyValue } from '../../torch/python.js';
import { layoutOwner, MalformedModuleError, OtherLayoutError } from '../errors.js';

/** Means "the class has always written this attribute". */
const required = Symbol('required');
type Default<T> = T | typeof required;

/** A number. Bigints are accepted too. */
export function numberAttr(
  module: Module,
  name: string,
  absent: Default<number> = required,
): number {
  const value = module.attr(name);
  if (typeof value === 'number') return value;
  if (typeof value === 'bigint') return Number(value);
  return fallback(module, name, value, absent, 'a number');
}

export function intAttr(module: Module, name: string, absent: Default<number> = required): number {
  const value = numberAttr(module, name, absent);
  if (!Number.isSafeInteger(value)) throw malformed(module, `${name} is not an integer`);
  return value;
}

/** An integer or None. */
export function optionalNumberAttr(module: Module, name: string): number | null {
  const value = module.attr(name);
  return value === undefined || value === null ? null : numberAttr(module, name);
}

/** A bool. A number counts by its truth value in Python. */
export function boolAttr(
  module: Module,
  name: string,
  absent: Default<boolean> = required,
): boolean {
  const value = module.attr(name);
  if (typeof value === 'boolean') return value;
  if (typeof value === 'number') return value !== 0;
  return fallback(module, name, value, absent, 'a bool');
}

export function stringAttr(
  module: Module,
  name: string,
  absent: Default<string> = required,
): string {
  const value = module.attr(name);
  return typeof value === 'string' ? value : fallback(module, name, value, absent, 'a string');
}

/** Whether a dictionary attribute exists and has entries. */
export function hasEntries(value: PyValue | undefined): boolean {
  if (value instanceof PyDict) return value.size > 0;
  return value instanceof PyObject && value.entries.size > 0;
}

/**
 * The error for a missing attribute or a wrong type: damage, or the layout of an unknown version.
 */
export function malformed(module: Module, reason: string): MalformedModuleError | OtherLayoutError {
  const Problem = layoutOwner(module.className) ? OtherLayoutError : MalformedModuleError;
  return new Problem(module.path, module.className, reason);
}

function fallback<T>(
  module: Module,
  name: string,
  value: PyValue | undefined,
  absent: Default<T>,
  what: string,
): T {
  if (value === undefined && absent !== required) return absent as T;
  throw malformed(module, value === undefined ? `it has no ${name}` : `its ${name} is not ${what}`);
}
