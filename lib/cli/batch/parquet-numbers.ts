import type { DecodedArray, SchemaElement } from 'hyparquet';
import { packPlaces, type PageValues } from './parquet-page.js';

/** Numbers as a page has them, and their dictionary; undefined for a column of others. */
export function numbersOf(
  { type, converted_type: converted, logical_type: logical }: SchemaElement,
  cells: Float64Array | Float32Array,
  missing: Uint8Array | undefined,
): [page: PageValues, dictionary?: DecodedArray] | undefined {
  if (converted !== undefined || logical !== undefined) return undefined;
  const rows = cells.length;
  const [values, present] = missing ? presentOf(cells, missing) : [cells];
  if (type !== 'FLOAT') {
    const body = plainBytes(type, values);
    return body && [{ rows, present, encoding: 'PLAIN', body }];
  }
  const floats = values instanceof Float32Array ? values : new Float32Array(values);
  const repeated = repeatedIn(floats);
  if (!repeated) return [{ rows, present, encoding: 'PLAIN', body: bytesOf(floats) }];
  const body = packPlaces(repeated.codes, repeated.values.length);
  return [{ rows, present, encoding: 'RLE_DICTIONARY', body }, repeated.values];
}

/** The values that are there, and a 1 for each row that has one. */
function presentOf(
  cells: Float64Array | Float32Array,
  missing: Uint8Array,
): [values: Float64Array, present: Uint8Array] {
  const values = new Float64Array(cells.length);
  const present = new Uint8Array(cells.length);
  let count = 0;
  for (let row = 0; row < cells.length; row++) {
    if (missing[row] === 1) continue;
    present[row] = 1;
    values[count++] = cells[row]!;
  }
  return [values.subarray(0, count), present];
}

/**
 * The different numbers, by their bits; undefined where they are many. A map of numbers takes
 * several times as long.
 */
function repeatedIn(
  numbers: Float32Array,
): { readonly codes: Int32Array; readonly values: Float32Array } | undefined {
  const most = numbers.length >> 2;
  const bits = new Int32Array(numbers.buffer, numbers.byteOffset, numbers.length);
  const width = 33 - Math.clz32(most);
  /** One more than the places of numbers, by the hashes of these; 0 for none. */
  const places = new Int32Array(1 << width);
  const values = new Float32Array(most);
  const found = new Int32Array(values.buffer);
  const codes = new Int32Array(numbers.length);
  let count = 0;
  for (let row = 0; row < bits.length; row++) {
    const number = bits[row]!;
    let slot = Math.imul(number, 0x9e3779b1) >>> (32 - width);
    while (places[slot]! > 0 && found[places[slot]! - 1] !== number) {
      slot = (slot + 1) & (places.length - 1);
    }
    if (places[slot] === 0) {
      if (count === most) return undefined;
      found[count] = number;
      places[slot] = ++count;
    }
    codes[row] = places[slot]! - 1;
  }
  return { codes, values: values.subarray(0, count) };
}

function plainBytes(
  type: SchemaElement['type'],
  values: Float64Array | Float32Array,
): Uint8Array | undefined {
  if (type === 'DOUBLE') {
    return bytesOf(values instanceof Float64Array ? values : new Float64Array(values));
  }
  if (type !== 'INT32' && type !== 'INT64') return undefined;
  const numbers = type === 'INT32' ? new Int32Array(values) : new Int32Array(2 * values.length);
  for (let at = 0; at < values.length; at++) {
    const value = values[at]!;
    // A double cannot hold larger whole numbers exactly.
    if (!Number.isSafeInteger(value)) return undefined;
    if (type === 'INT32') {
      if (numbers[at] !== value) return undefined;
      continue;
    }
    const high = Math.floor(value / 2 ** 32);
    numbers[2 * at] = value - high * 2 ** 32;
    numbers[2 * at + 1] = high;
  }
  return bytesOf(numbers);
}

/** As they are in memory: in the order of bytes that Parquet has, on all that onnxruntime runs on. */
function bytesOf({ buffer, byteOffset, byteLength }: ArrayBufferView): Uint8Array {
  return new Uint8Array(buffer, byteOffset, byteLength);
}
