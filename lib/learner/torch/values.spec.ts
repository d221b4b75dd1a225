import { describe, expect, it } from 'vitest';
import {
  asBool,
  asDict,
  asItems,
  asNumber,
  asString,
  Index,
  NdArray,
  NumpyDtype,
  PyDict,
  PyGlobal,
  PyObject,
  PySet,
  PyTuple,
  Tensor,
  type PyValue,
} from './index.js';

function record(args: PyValue[] = []): PyObject {
  return new PyObject(new PyGlobal('m', 'C'), args);
}

const pair = new NdArray().assign(new NumpyDtype('i', 1), [2], Uint8Array.of(1, 255));

describe('asItems', () => {
  it('accepts all sequences', () => {
    expect(asItems([1, 2])).toEqual([1, 2]);
    expect([...asItems(PyTuple.of_([1, 2]))!]).toEqual([1, 2]);
    expect(asItems(new PySet([1]))).toEqual([1]);
    expect(asItems(pair)).toEqual([1, -1]);
    expect(asItems(Tensor.fromArray(Float32Array.of(0.5), [1]))).toEqual([0.5]);
    expect(asItems(new Index('Index', null, PyDict.from([['data', ['a']]])))).toEqual(['a']);
  });

  it('reads records that are sequences', () => {
    const list = record();
    list.items.push(1);
    expect(asItems(list)).toEqual([1]);
    expect(asItems(record([[3, 4]]))).toEqual([3, 4]);
    const holder = record();
    holder.attrs.set('items', [5]);
    expect(asItems(holder)).toEqual([5]);
  });

  it('returns undefined for other values', () => {
    for (const value of [undefined, null, 'ab', 1, new PyDict(), record()]) {
      expect(asItems(value)).toBeUndefined();
    }
  });
});

describe('asNumber, asBool, asString, asDict', () => {
  it('reads numbers from all values that hold one', () => {
    expect(asNumber(1.5)).toBe(1.5);
    expect(asNumber(10n)).toBe(10);
    expect(asNumber(true)).toBe(1);
    expect(asNumber(Tensor.fromArray(Float32Array.of(0.5), []))).toBe(0.5);
    expect(asNumber(new NdArray().assign(new NumpyDtype('i', 1), [], Uint8Array.of(7)))).toBe(7);
    for (const value of [undefined, null, '1', pair, [1]]) expect(asNumber(value)).toBeUndefined();
  });

  it('reads booleans and texts', () => {
    expect([asBool(true), asBool(0), asBool(2), asBool(null)]).toEqual([
      true,
      false,
      true,
      undefined,
    ]);
    expect([asString('a'), asString(1)]).toEqual(['a', undefined]);
  });

  it('reads dictionaries, and records that are dictionaries', () => {
    const dict = PyDict.from([['a', 1]]);
    const child = record();
    child.entries.set('b', 2);
    expect(asDict(dict)).toBe(dict);
    expect(asDict(child)!.get('b')).toBe(2);
    expect(asDict(record())).toBeUndefined();
    expect(asDict([])).toBeUndefined();
  });
});
