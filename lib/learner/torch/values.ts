import { NdArray } from './numpy.js';
import { PandasVector } from './pandas/array.js';
import { PyDict, PyObject, PySet, type PyValue } from './python.js';
import { Tensor } from './tensor.js';

/** The items of any value that is a list, set, array, tensor, series or index in Python. */
export function asItems(value: PyValue | undefined): PyValue[] | undefined {
  if (Array.isArray(value)) return value;
  if (value instanceof PySet) return value.items;
  if (value instanceof NdArray) return value.items();
  if (value instanceof PandasVector) return value.values;
  if (value instanceof Tensor) return value.toNumbers();
  if (!(value instanceof PyObject)) return undefined;
  if (value.items.length > 0) return value.items;
  // Subclasses of tuple (namedtuples, fastuple) hold their items in one argument; subclasses of L
  // in an attribute.
  const inner = value.attr('items') ?? (value.args.length === 1 ? value.args[0] : undefined);
  return Array.isArray(inner) ? inner : undefined;
}

/** A number, also from a bigint, a boolean, or an array or tensor of one element. */
export function asNumber(value: PyValue | undefined): number | undefined {
  if (typeof value === 'number') return value;
  if (typeof value === 'bigint' || typeof value === 'boolean') return Number(value);
  if (value instanceof Tensor && value.numel === 1) return value.toNumbers()[0];
  if (value instanceof NdArray && value.size === 1) {
    const [item] = value.items();
    return typeof item === 'number' || typeof item === 'bigint' || typeof item === 'boolean'
      ? Number(item)
      : undefined;
  }
  return undefined;
}

/** A text, or undefined. */
export function asString(value: PyValue | undefined): string | undefined {
  return typeof value === 'string' ? value : undefined;
}

/** A boolean, also from a number or a tensor of one element; undefined for other values. */
export function asBool(value: PyValue | undefined): boolean | undefined {
  if (typeof value === 'boolean') return value;
  const number = asNumber(value);
  return number === undefined ? undefined : number !== 0;
}

/** A dictionary, also from a record of a dict subclass; undefined for other values. */
export function asDict(value: PyValue | undefined): PyDict | undefined {
  if (value instanceof PyDict) return value;
  return value instanceof PyObject && value.entries.size > 0 ? value.entries : undefined;
}
