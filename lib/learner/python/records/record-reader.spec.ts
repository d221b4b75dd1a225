import { readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { DEFAULT_LIMITS } from '../../torch/limits.js';
import { Cursor } from '../../torch/pickle/cursor.js';
import { PickleMachine } from '../../torch/pickle/machine.js';
import { PyDict, PyGlobal, PyObject, PyTuple, type PyValue } from '../../torch/python.js';
import { rebuilders } from '../../torch/rebuild/rebuilders.js';
import { UnreadableCodeError, UnsupportedCodeError } from '../errors.js';
import { Evaluator } from '../evaluator.js';
import { pythonNames } from '../names.js';
import { TYPES } from '../types.js';
import { ELLIPSIS, Func, List, ModuleValue, Tuple, type Value } from '../values.js';
import { RecordReader } from './index.js';

const folder = new URL('../../../../test/fixtures/code/', import.meta.url);
const expected = JSON.parse(readFileSync(new URL('records.json', folder), 'utf8')) as Record<
  string,
  string
>;

function unpickle(bytes: Uint8Array): PyValue {
  const cursor = new Cursor('test.pkl', bytes);
  return new PickleMachine(cursor, { limits: DEFAULT_LIMITS, rebuilders }).run();
}

function readerOf(): { reader: RecordReader; evaluator: Evaluator } {
  const evaluator = new Evaluator({ names: [pythonNames] });
  const reader = new RecordReader({
    resolve: (name) => evaluator.resolve(name),
    context: () => evaluator,
  });
  return { reader, evaluator };
}

const WRITERS = [
  '3.7-cloudpickle-1.2',
  '3.7',
  '3.8-cloudpickle-1.6',
  '3.8',
  '3.9',
  '3.10',
  '3.11',
  '3.12',
  '3.13',
];

describe.each(WRITERS)('the output of cloudpickle in Python %s', (writer) => {
  const root = unpickle(gunzipSync(readFileSync(new URL(`records-${writer}.pkl.gz`, folder))));
  const probes = root as PyDict;

  it.each(Object.keys(expected))('%s', (name) => {
    const { reader, evaluator } = readerOf();
    const result = evaluator.call(reader.value(probes.get(name)!), []);
    expect(evaluator.repr(result)).toBe(expected[name]);
  });
});

describe('a record of the file', () => {
  const G = (module: string, name: string): PyGlobal => new PyGlobal(module, name);
  const read = (record: PyValue): Value => readerOf().reader.value(record);

  it('gives the same value each time, and cycles end', () => {
    const list: PyValue[] = [1, 2.5];
    list.push(list);
    const value = read(list) as List;
    expect(value.items.slice(0, 2)).toEqual([1n, 2.5]);
    expect(value.items[2]).toBe(value);
    const object = new PyObject(G('__main__', 'Thing'));
    object.build(PyDict.from([['me', object]]));
    const { reader, evaluator } = readerOf();
    const thing = reader.value(object);
    expect(evaluator.getAttr(thing, 'me')).toBe(thing);
  });

  it('of a class known only by name has its attributes, and nothing else', () => {
    const { reader, evaluator } = readerOf();
    const object = new PyObject(G('__main__', 'Net'));
    object.build(PyDict.from([['n', 3]]));
    const value = reader.value(object);
    expect(evaluator.getAttr(value, 'n')).toBe(3n);
    for (const name of ['forward', 'constructor', '__proto__', 'toString']) {
      expect(() => evaluator.getAttr(value, name)).toThrow(UnsupportedCodeError);
    }
    expect(() => evaluator.call(reader.value(G('utils', 'model')), [])).toThrow(
      /utils\.model is not supported/,
    );
  });

  it('may be a constant or a module, by name', () => {
    expect(read(G('builtins', 'Ellipsis'))).toBe(ELLIPSIS);
    expect(read(new PyObject(G('builtins', 'type'), [null]))).toBe(TYPES.NoneType);
    const module = new PyObject(G('cloudpickle.cloudpickle', 'subimport'), ['not.known']);
    expect(read(module)).toBeInstanceOf(ModuleValue);
  });

  it('that is nested very deeply is an error, or is read', () => {
    let lists: PyValue = [];
    let tuples: PyValue = new PyTuple();
    let calls: PyValue = null;
    let bases: PyValue = G('builtins', 'object');
    for (let depth = 0; depth < 50_000; depth++) {
      lists = [lists];
      tuples = PyTuple.of_([tuples]);
      calls = new PyObject(G('builtins', 'property'), [calls]);
      bases = new PyObject(G('builtins', 'type'), ['C', PyTuple.of_([bases]), new PyDict()]);
    }
    expect(read(lists)).toBeInstanceOf(List);
    expect(read(tuples)).toBeInstanceOf(Tuple);
    expect(() => read(calls)).toThrow(UnreadableCodeError);
    expect(() => read(bases)).toThrow(UnreadableCodeError);
  });

  it('of damaged code is an error only when it is called', () => {
    const make = G('cloudpickle.cloudpickle', '_make_function');
    const type = new PyObject(G('cloudpickle.cloudpickle', '_builtin_type'), ['CodeType']);
    for (const code of [new PyObject(type, [1, 2, 3]), null, new PyObject(G('m', 'C'))]) {
      const { reader, evaluator } = readerOf();
      const func = reader.value(new PyObject(make, [code, new PyDict(), null, null, null]));
      expect(func).toBeInstanceOf(Func);
      expect(() => evaluator.call(func, [])).toThrow(UnreadableCodeError);
    }
  });
});
