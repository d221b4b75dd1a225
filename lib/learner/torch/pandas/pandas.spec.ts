import { describe, expect, it } from 'vitest';
import { readArrowArray } from './arrow.js';
import { CorruptTensorError, UnreadableColumnError } from '../errors.js';
import { NdArray, NumpyDtype } from '../numpy.js';
import { categoriesOf } from './array.js';
import { Index } from './axis.js';
import { DataFrame, Series } from './frame.js';
import { PyDict, PyGlobal, PyObject, PyTuple, type PyValue } from '../python.js';

function object(
  module: string,
  name: string,
  attrs: Record<string, PyValue> = {},
  args: PyValue[] = [],
): PyObject {
  const record = new PyObject(new PyGlobal(module, name), args);
  for (const [key, value] of Object.entries(attrs)) record.attrs.set(key, value);
  return record;
}

function doubles(shape: number[], ...values: number[]): NdArray {
  const bytes = new Uint8Array(Float64Array.from(values).buffer);
  return new NdArray().assign(new NumpyDtype('f', 8), shape, bytes);
}

function codes(...values: number[]): NdArray {
  return new NdArray().assign(new NumpyDtype('i', 1), [values.length], Uint8Array.from(values));
}

function index(...labels: PyValue[]): Index {
  return new Index('Index', null, PyDict.from([['data', labels]]));
}

function slice(start: number, stop: number): PyObject {
  return object('builtins', 'slice', {}, [start, stop, 1]);
}

/** The state that pandas 1.0 to 1.2 gave its block managers. */
function oldManager(name: string, axes: Index[], blocks: [PyValue, PyValue][]): PyObject {
  const manager = object('pandas.core.internals.managers', name);
  const parts = PyDict.from([
    ['axes', axes],
    [
      'blocks',
      blocks.map(([values, at]) =>
        PyDict.from([
          ['values', values],
          ['mgr_locs', at],
        ]),
      ),
    ],
  ]);
  manager.state = PyTuple.of_([axes, [], [], PyDict.from([['0.14.1', parts]])]);
  return manager;
}

/** As pandas 1.0 to 1.2 pickled it: attributes instead of a state of several parts. */
const oldCategorical = object('pandas.core.arrays.categorical', 'Categorical', {
  _codes: codes(1, 0, 255),
  _dtype: object('pandas.core.dtypes.dtypes', 'CategoricalDtype', {
    categories: index('u', 'v'),
    ordered: false,
  }),
});

describe('frames of pandas 1.0 to 1.2', () => {
  const frame = new DataFrame();
  frame.manager = oldManager(
    'BlockManager',
    [index('a', 'c', 'b'), index(0, 1, 2)],
    [
      [doubles([2, 3], 1, 2, 3, 4, 5, 6), slice(0, 4)],
      [oldCategorical, slice(1, 2)],
    ],
  );
  // The two columns of the first block are not neighbours.
  const blocks = ((frame.manager as PyObject).state as PyTuple)[3] as PyDict;
  const [first] = (blocks.get('0.14.1') as PyDict).get('blocks') as [PyDict];
  first.set('mgr_locs', codes(0, 2));

  it('reads columns', () => {
    expect(frame.columns).toEqual(['a', 'c', 'b']);
    expect(frame.column('a')).toEqual([1, 2, 3]);
    expect(frame.column('b')).toEqual([4, 5, 6]);
    expect(frame.column('c')).toEqual(['v', 'u', null]);
    expect([frame.dtype('a'), frame.dtype('c')]).toEqual(['float64', 'category']);
    expect(frame.index.values).toEqual([0, 1, 2]);
    expect(categoriesOf(oldCategorical)).toEqual(['u', 'v']);
  });

  it('reads series', () => {
    const series = new Series();
    series.manager = oldManager(
      'SingleBlockManager',
      [index('x', 'y')],
      [[doubles([2], 7, 8), slice(0, 2)]],
    );
    expect(series.values).toEqual([7, 8]);
    expect(series.index.values).toEqual(['x', 'y']);
  });
});

describe('unreadable columns', () => {
  it('are named only on access', () => {
    const frame = new DataFrame();
    const period = object('pandas.core.arrays.period', 'PeriodArray');
    frame.manager = object('pandas.core.internals.managers', 'BlockManager', {}, [
      [
        object('pandas._libs.internals', '_unpickle_block', {}, [period, slice(0, 1), 2]),
        object('pandas._libs.internals', '_unpickle_block', {}, [
          doubles([1, 1], 5),
          slice(1, 2),
          2,
        ]),
      ],
      [index('when', 'b'), index(0)],
    ]);
    expect(frame.column('b')).toEqual([5]);
    expect(() => frame.column('when')).toThrow(UnreadableColumnError);
    expect(() => frame.column('when')).toThrow(
      /column "when" have the class pandas\.core\.arrays\.period\.PeriodArray/,
    );
  });

  it('include frames without a state', () => {
    expect(() => new DataFrame().columns).toThrow(UnreadableColumnError);
    expect(() => new Series().values).toThrow(UnreadableColumnError);
  });

  it('include nested arrays and masks that do not fit', () => {
    const masked = object('pandas.core.arrays.integer', 'IntegerArray', {
      _data: codes(1, 2),
      _mask: codes(0),
    });
    const series = new Series();
    series.manager = oldManager('SingleBlockManager', [index(0, 1)], [[masked, slice(0, 2)]]);
    expect(() => series.values).toThrow(CorruptTensorError);
    const own = new Series();
    own.manager = oldManager('SingleBlockManager', [index(0)], [[own, slice(0, 1)]]);
    expect(() => own.values).toThrow(/nested endlessly/);
  });
});

describe('Arrow arrays', () => {
  const type = object('pyarrow.lib', 'type_for_alias', {}, ['string']);
  const restore = (length: number, buffers: PyValue[], offset = 0): PyObject =>
    object('pyarrow.lib', '_restore_array', {}, [
      PyTuple.of_([type, length, 0, offset, buffers, [], null]),
    ]);
  const offsets = new Uint8Array(Int32Array.of(0, 1, 3).buffer);
  const letters = Uint8Array.from(Buffer.from('abc'));

  it('reads chunks, offsets and missing values', () => {
    const whole = restore(2, [null, offsets, letters]);
    const masked = restore(2, [Uint8Array.of(2), offsets, letters]);
    const chunks = object('pyarrow.lib', 'chunked_array', {}, [
      [whole, restore(1, [null, offsets, letters], 1), masked],
      type,
    ]);
    expect(readArrowArray(chunks, null)).toEqual(['a', 'bc', 'bc', null, 'bc']);
    expect(readArrowArray(masked, NaN)).toEqual([NaN, 'bc']);
  });

  it('refuses buffers that are too short, and returns undefined for other types', () => {
    expect(() => readArrowArray(restore(3, [null, offsets, letters]), null)).toThrow(
      CorruptTensorError,
    );
    expect(() => readArrowArray(restore(2, [null, offsets, letters.subarray(1)]), null)).toThrow(
      CorruptTensorError,
    );
    const dates = object('pyarrow.lib', '_restore_array', {}, [
      PyTuple.of_([object('pyarrow.lib', 'date32'), 1, 0, 0, [null], [], null]),
    ]);
    expect(readArrowArray(dates, null)).toBeUndefined();
    expect(readArrowArray(null, null)).toBeUndefined();
  });
});
