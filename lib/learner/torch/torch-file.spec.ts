import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import {
  DataFrame,
  Index,
  Module,
  NdArray,
  PyDict,
  PyGlobal,
  PyObject,
  PyPartial,
  PyTuple,
  qualifiedNameOf,
  readTorchFile,
  Series,
  Tensor,
  UnreadableColumnError,
  UnreadableTensorError,
  UnsupportedDtypeError,
  type PyValue,
} from './index.js';
import { encode } from '../../../test/fixtures/torch/encode.js';

const FIXTURES = new URL('../../../test/fixtures/torch/', import.meta.url);

function pathOf(name: string): string {
  return new URL(name, FIXTURES).pathname;
}

function json<T>(name: string): T {
  return JSON.parse(readFileSync(pathOf(name), 'utf8')) as T;
}

type Expected = Record<string, { dict: [unknown, unknown][] }>;
const expected = json<Expected>('expected.json');

function read(name: string): PyValue {
  return readTorchFile(readFileSync(pathOf(name))).root;
}

function readDict(name: string): PyDict {
  const root = read(name);
  if (!(root instanceof PyDict)) throw new TypeError(`${name} is not a dict`);
  return root;
}

/** Compares entry by entry, so that a failure names the entry. */
function expectEntries(actual: PyDict, name: string): void {
  for (const [key, value] of actual) {
    const wanted = expected[name]!.dict.find(([k]) => k === key);
    expect([key, encode(value)]).toEqual(wanted);
  }
}

describe('tensors', () => {
  it.each(['tensors.pt', 'tensors-legacy.pt'])('reads every dtype and layout of %s', (name) => {
    const dict = readDict(name);
    expect(dict.size).toBeGreaterThan(30);
    expectEntries(dict, 'tensors');
  });

  it.each([3, 4, 5])('reads pickle protocol %i', (protocol) => {
    const dict = readDict(`tensors-protocol${protocol}.pt`);
    expect(dict.size).toBe(3);
    expectEntries(dict, 'tensors');
  });

  it('reads through a path as from bytes, and refuses after close()', () => {
    const file = readTorchFile(pathOf('tensors.pt'));
    const dict = file.root as PyDict;
    expectEntries(dict, 'tensors');
    file.close();
    file.close();
    const fresh = readTorchFile(pathOf('tensors.pt'));
    fresh.close();
    expect(() => ((fresh.root as PyDict).get('base') as Tensor).toTyped()).toThrow(
      /was closed before its tensors were read/,
    );
  });

  it('reports the format of a file', () => {
    expect(readTorchFile(pathOf('tensors.pt')).format).toBe('zip');
    expect(readTorchFile(pathOf('tensors-legacy.pt')).format).toBe('legacy');
  });

  it('shares the storage between views', () => {
    const dict = readDict('tensors.pt');
    const base = dict.get('base') as Tensor;
    expect((dict.get('transposed') as Tensor).storage).toBe(base.storage);
    expect((dict.get('shared') as Tensor).toFloat32().buffer).toBe(base.toFloat32().buffer);
  });

  it('reads storage views of the legacy format', () => {
    const dict = readDict('legacy-views.pt');
    expect(dict.size).toBe(3);
    expectEntries(dict, 'legacy-views');
  });

  it('widens to float32 and refuses complex numbers', () => {
    const dict = readDict('tensors.pt');
    const float = (name: string): number[] => [...(dict.get(name) as Tensor).toFloat32()];
    expect(float('bool')).toEqual([1, 0, 1]);
    expect(float('int64')).toEqual([0, 1, -1, 2 ** 62, -(2 ** 63), 2 ** 53]);
    expect(float('uint64')).toEqual([0, 2 ** 64, 2 ** 63]);
    expect(float('float64')[11]).toBe(Math.fround(0.1));
    expect(float('half_transposed')).toEqual([0, 3, 1, 4, 2, 5]);
    expect(() => float('complex64')).toThrow(UnsupportedDtypeError);
  });

  it('leaves sparse, quantised and conjugated tensors as records', () => {
    const dict = readDict('records.pt');
    for (const name of ['sparse', 'quantised', 'conj']) {
      expect(dict.get(name)).toBeInstanceOf(PyObject);
    }
  });
});

describe('modules', () => {
  it('reads the tree with its parameters and buffers', () => {
    const root = Module.from(read('module.pt'))!;
    expect(root.className).toBe('torch.nn.modules.container.Sequential');
    const linear = root.child('0')!;
    expect(linear.path).toBe('0');
    expect(linear.attr('in_features')).toBe(3);
    expect(linear.tensor('weight')!.shape).toEqual([2, 3]);
    const norm = root.child('1')!;
    expect(norm.tensor('weight')).toBeNull();
    expect(norm.tensor('running_var')!.toNumbers()).toEqual([1, 1]);
    expect(norm.tensor('num_batches_tracked')!.item()).toBe(0);
    expect(norm.tensor('nothing')).toBeUndefined();
    expect(root.child('2')!.child('0')!.path).toBe('2.0');
  });

  it('reads modules of the legacy format, which carry their source', () => {
    expect(Module.from(read('module-legacy.pt'))!.child('0')!.tensor('bias')!.shape).toEqual([2]);
  });

  it('finds the module in a compiled one, which torch 2.7 writes as a call', () => {
    const net = new PyObject(new PyGlobal('m', 'Net'));
    net.attrs.set('_modules', new PyDict());
    const cls = new PyGlobal('torch._dynamo.eval_frame', 'OptimizedModule');
    const module = Module.from(new PyObject(cls, [net, null]))!;
    expect(module.child('_orig_mod')).toMatchObject({ className: 'm.Net', path: '_orig_mod' });
    expect(Module.from(new PyObject(cls, ['no module']))).toBeUndefined();
  });

  it('refuses an unreadable parameter on access', () => {
    const record = new PyObject(new PyGlobal('m', 'Layer'));
    record.attrs.set('_modules', new PyDict());
    const quantised = readDict('records.pt').get('quantised')!;
    record.attrs.set('_parameters', PyDict.from([['weight', quantised]]));
    const module = Module.from(record)!;
    expect(() => module.tensor('weight')).toThrow(UnreadableTensorError);
  });
});

describe('Python values', () => {
  it.each([0, 1, 2, 3, 4, 5])('reads all of them in protocol %i', (protocol) => {
    const dict = readDict(`values-${protocol}.pt`);
    expect(dict.size).toBe(expected['values']!.dict.length);
    expectEntries(dict, 'values');
  });

  it.each([0, 1, 2, 3, 4, 5])(
    'keeps identity, default factories and objects in protocol %i',
    (protocol) => {
      const [first, second] = readDict(`values-${protocol}.pt`).get('shared') as PyValue[];
      expect(first).toBe(second);
      const factory = (readDict(`values-${protocol}.pt`).get('default') as PyDict).defaultFactory;
      expect(factory).toEqual(new PyGlobal('builtins', 'int'));
      const objects = readDict(`objects-${protocol}.pt`);
      const opaque = objects.get('opaque') as PyObject;
      expect([opaque.className, opaque.attr('a')]).toEqual(['fixtures.Opaque', 1]);
      expect((objects.get('list') as PyObject).items).toEqual([1, 2]);
      expect([...(objects.get('dict') as PyObject).entries]).toEqual([['a', 1]]);
      expect((objects.get('enum') as PyObject).className).toMatch(/fixtures\.Colour|getattr/);
      if (protocol < 2) return;
      const slotted = objects.get('slotted') as PyObject;
      expect([slotted.attr('x'), slotted.attr('y')]).toEqual([1, [2]]);
      const args = objects.get('args') as PyObject | PyPartial;
      if (args instanceof PyObject && protocol >= 4) {
        expect([args.args, args.kwargs.get('b')]).toEqual([[1], 2]);
      }
    },
  );

  it('lists every global once, by its name in Python 3', () => {
    const names = readTorchFile(pathOf('values-2.pt')).globals.map((g) => g.qualifiedName);
    expect(new Set(names).size).toBe(names.length);
    expect(names).toContain('builtins.set');
    expect(names).toContain('builtins.int');
    expect(names.some((name) => name.startsWith('__builtin__'))).toBe(false);
  });
});

describe('numpy', () => {
  it.each([2, 4, 5])('reads arrays and scalars in protocol %i', (protocol) => {
    const dict = readDict(`numpy-${protocol}.pt`);
    expect(dict.size).toBe(expected['numpy']!.dict.length);
    expectEntries(dict, 'numpy');
  });

  it('keeps unsupported values, and reports them on access', () => {
    const dict = readDict('numpy-other.pt');
    expect(() => (dict.get('structured') as NdArray).items()).toThrow(UnsupportedDtypeError);
    expect(() => (dict.get('longdouble') as NdArray).items()).toThrow(UnsupportedDtypeError);
    expect(dict.get('generator')).toBeInstanceOf(PyObject);
    const when = dict.get('when') as NdArray;
    expect([when.dtype.name, when.data]).toEqual(['M8[D]', new BigInt64Array([18262n])]);
  });
});

interface PandasExpected {
  frames: Record<string, { columns: unknown[]; index: unknown[]; values: unknown[][] }>;
  series: Record<string, { name: unknown; values: unknown[]; index: unknown[] }>;
  indexes: Record<string, unknown[]>;
  dtypes: Record<string, string>;
}

describe.each(['1.5-arrow', '2.2-arrow', '3.0-arrow', '3.1'])('pandas %s', (version) => {
  const wanted = json<PandasExpected>(`pandas-${version}.json`);

  it.each([2, 5])('reads frames, series and indexes in protocol %i', (protocol) => {
    const dict = readDict(`pandas-${version}-${protocol}.pt`);
    for (const [name, frame] of Object.entries(wanted.frames)) {
      const actual = dict.get(name) as DataFrame;
      expect(actual).toBeInstanceOf(DataFrame);
      expect([name, actual.columns.map(encode)]).toEqual([name, frame.columns]);
      expect([name, actual.index.values.map(encode)]).toEqual([name, frame.index]);
      for (const [i, column] of actual.columns.entries()) {
        const values = actual.column(column)!.map(encode);
        expect([name, column, values]).toEqual([name, column, frame.values[i]]);
      }
    }
    for (const [name, series] of Object.entries(wanted.series)) {
      const actual = dict.get(name) as Series;
      expect(actual).toBeInstanceOf(Series);
      expect([name, encode(actual.name)]).toEqual([name, series.name]);
      expect([name, actual.values.map(encode)]).toEqual([name, series.values]);
      expect([name, actual.index.values.map(encode)]).toEqual([name, series.index]);
    }
    for (const [name, labels] of Object.entries(wanted.indexes)) {
      expect([name, (dict.get(name) as Index).values.map(encode)]).toEqual([name, labels]);
    }
  });

  it('names unreadable values on access', () => {
    const dict = readDict(`pandas-${version}-2.pt`);
    expect(() => (dict.get('period') as Series).values).toThrow(/PeriodArray/);
    expect(() => (dict.get('interval') as Series).values).toThrow(UnreadableColumnError);
    expect(() => (dict.get('periods') as Index).values).toThrow(UnreadableColumnError);
  });

  it('knows the dtypes', () => {
    const frame = readDict(`pandas-${version}-5.pt`).get('frame') as DataFrame;
    for (const name of ['i', 'f', 'c', 'b', 'i1', 'I', 'B', 'F', 'st', 't']) {
      const dtype = frame.dtype(name);
      const plain = wanted.dtypes[name]!.replace(/^string\[.*/, 'string');
      expect([name, dtype]).toEqual([name, plain]);
    }
    expect(frame.has('nothing')).toBe(false);
    expect(frame.column('nothing')).toBeUndefined();
  });
});

describe('fastcore', () => {
  it('turns L into a list', () => {
    expectEntries(readDict('fastcore.pt'), 'fastcore');
  });

  it('reads an L that contains itself', () => {
    const cycle = read('fastcore-cycle.pt') as PyValue[];
    expect(cycle).toHaveLength(2);
    expect(cycle[1]).toBe(cycle);
  });
});

describe('cloudpickle', () => {
  it.each(['cloudpickle.pt', 'cloudpickle-5.pt'])(
    'names functions and classes by value in %s',
    (name) => {
      const dict = readDict(name);
      const label = dict.get('label') as PyObject;
      expect(label.className).toBe('cloudpickle.cloudpickle._make_function');
      expect(label.attr('__module__')).toBe('__main__');
      expect(label.attr('__kwdefaults__')).toBeNull();
      expect(label.attr('__defaults__')).toEqual(PyTuple.of_(['_']));
    },
  );

  it('names the types of Python itself', () => {
    const label = readDict('cloudpickle.pt').get('label') as PyObject;
    expect((label.args[0] as PyObject).className).toBe('types.CodeType');
    expect(qualifiedNameOf(label)).toBe('__main__.label');
    expect(qualifiedNameOf(readDict('cloudpickle.pt').get('closure'))).toBe(
      '__main__.outer.<locals>.inner',
    );
  });

  it('reads a module of a class that the file defines', () => {
    const net = Module.from(readDict('cloudpickle.pt').get('net'))!;
    expect(net.className).toBe('__main__.Net');
    expect(net.child('lin')!.tensor('weight')!.shape).toEqual([1, 2]);
  });
});
