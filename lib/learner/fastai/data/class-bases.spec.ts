import { expect, it } from 'vitest';
import { PyGlobal, PyObject, type PyValue } from '../../torch/index.js';
import { withBases } from './class-bases.js';

const MAKE = new PyGlobal('cloudpickle.cloudpickle', '_make_skeleton_class');
const made = (name: string, bases: PyValue[]): PyObject => new PyObject(MAKE, [null, name, bases]);

it('gives a class before its bases, each once', () => {
  const root = new PyGlobal('fastai.torch_core', 'TensorBase');
  const left = made('Left', [root]);
  const right = made('Right', [root]);
  const cls = made('Both', [left, right]);
  expect([...withBases(cls)]).toEqual([cls, left, root, right]);
});

it('ends for a class with the same bases many times, and for one that is its own base', () => {
  let cls = made('C', []);
  for (let depth = 0; depth < 16; depth++) cls = made('C', Array<PyValue>(100).fill(cls));
  expect([...withBases(cls)]).toHaveLength(17);
  (cls.args[2] as PyValue[]).push(cls);
  expect([...withBases(cls)]).toHaveLength(17);
});
