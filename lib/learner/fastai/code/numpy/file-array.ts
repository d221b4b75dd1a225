import type { Value } from '../../../python/values.js';
import { NdArray, type PyValue } from '../../../torch/index.js';
import { ArrayValue } from './array-value.js';
import { elements, isNpDType } from './dtypes.js';
import { Nd } from './nd-array.js';

/** An array of numbers that an object of the file holds; undefined for anything else. */
export function fileArray(record: PyValue): Value | undefined {
  if (!(record instanceof NdArray)) return undefined;
  const { dtype, shape } = record;
  const name = dtype.kind === 'b' ? 'bool' : dtype.numberName;
  if (name === undefined || !isNpDType(name)) return undefined;
  const values = record.items().map(Number);
  // 64 bits are exact up to 2^53 here.
  const isWhole = name === 'int64' || name === 'uint64';
  if (isWhole && !values.every(Number.isSafeInteger)) return undefined;
  const data = elements(name, values.length);
  data.set(values);
  return new ArrayValue(Nd.of(name, shape, data));
}
