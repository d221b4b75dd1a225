import { describe, expect, it } from 'vitest';
import { pickleBytes } from '../../../test/fixtures/torch/archive.js';
import { floatPlaces, holdsFloats, isFloatAttribute } from './float-lists.js';
import { DEFAULT_LIMITS } from './limits.js';
import { Cursor } from './pickle/cursor.js';
import { PickleMachine } from './pickle/machine.js';
import { PyDict, PyObject, PyPartial, PyTuple, type PyValue } from './python.js';
import { rebuilders } from './rebuild/rebuilders.js';

function run(pickle: string): PyValue {
  const cursor = new Cursor('test.pkl', pickleBytes(pickle));
  return new PickleMachine(cursor, { limits: DEFAULT_LIMITS, rebuilders }).run();
}

/** Which items were floats, of those that JavaScript cannot tell. */
function floats(list: PyValue | undefined): number[] {
  const isFloat = floatPlaces(list as PyValue[]);
  return (list as PyValue[]).flatMap((_, place) => (isFloat?.(place) ? [place] : []));
}

describe('floats without a fraction', () => {
  it('are known by their positions in lists and tuples', () => {
    expect(floats(run('(F1.0\nI2\nF2.5\nF-3.0\nl.'))).toEqual([0, 3]);
    expect(floats(run('(I2\nF2.0\nt.'))).toEqual([1]);
    expect(floats(run('(lF1.0\naI1\naF2.0\na.'))).toEqual([0, 2]);
    const ints = run('(I2\nF2.5\nt.') as PyTuple;
    expect(holdsFloats(ints)).toBe(false);
    expect(floatPlaces(ints)).toBeUndefined();
  });

  it('are known in dictionaries, until another value comes', () => {
    const dict = run('(dVa\nF1.0\nsVb\nI1\nsVc\nF1.5\ns.') as PyDict;
    expect(['a', 'b', 'c', 'd'].map((key) => dict.isFloat(key))).toEqual([
      true,
      false,
      false,
      false,
    ]);
    const again = run('(dVa\nF1.0\nsVa\nI1\nsVb\nI1\nsVb\nF1.0\ns.') as PyDict;
    expect(['a', 'b'].map((key) => again.isFloat(key))).toEqual([false, true]);
    expect(PyDict.from(dict).isFloat('a')).toBe(true);
  });

  it('are known among the arguments and attributes of a record', () => {
    const record = run('cm\nC\n(I1\nF2.0\ntR(dVx\nF3.0\nsVy\nI3\nsb.') as PyObject;
    expect(floats(record.args)).toEqual([1]);
    expect(['x', 'y', 'z'].map((name) => isFloatAttribute(record, name))).toEqual([
      true,
      false,
      false,
    ]);
    const twice = run('cm\nC\n(tR(dVx\nF3.0\nsb(dVx\nI3\nsb.') as PyObject;
    expect(isFloatAttribute(twice, 'x')).toBe(false);
    const items = run('cm\nC\n(tR(F1.0\nI1\ne.') as PyObject;
    expect(floats(items.items)).toEqual([0]);
  });

  it('stay known if a call copies them', () => {
    expect(floats(run('c__builtin__\ntuple\n((I1\nF1.0\nltR.'))).toEqual([1]);
    expect(floats(run('c__builtin__\nlist\n((F1.0\nI1\nttR.'))).toEqual([0]);
    const partial = run('cfunctools\npartial\n(cm\nf\nI1\nF2.0\ntR.') as PyPartial;
    expect(floats(partial.args)).toEqual([1]);
    const dict = run('ccollections\nOrderedDict\n(((Va\nF1.0\nt(Vb\nI1\ntltR.') as PyDict;
    expect(['a', 'b'].map((key) => dict.isFloat(key))).toEqual([true, false]);
  });
});
