import { expect, it } from 'vitest';
import { PyDict, PyGlobal, PyObject, type PyValue } from '../../torch/index.js';
import { takesSeveral } from './several-inputs.js';

const image = new PyGlobal('fastai.torch_core', 'TensorImage');
const category = new PyGlobal('fastai.torch_core', 'TensorCategory');
const tuple = new PyGlobal('builtins', 'tuple');

function object(attributes: Readonly<Record<string, PyValue>>): PyObject {
  const made = new PyObject(new PyGlobal('fastai.data.core', 'Thing'));
  for (const [name, value] of Object.entries(attributes)) made.attrs.set(name, value);
  return made;
}

const list = { transforms: [], types: undefined };
const batch = (...types: PyValue[]): PyValue => PyDict.from([[tuple, types]]);
const pair = PyDict.from([[new PyGlobal('__main__', 'ImageTuple'), [image, image]]]);

it.each<[string, number, PyValue, number, boolean, boolean]>([
  ['one image and one class', 1, batch(image, category), 1, true, false],
  ['one image and two classes', 1, batch(image, category, category), 2, true, false],
  ['two images', 2, batch(image, image, category), 2, true, true],
  ['a pair as one input', 1, batch(pair, category), 1, true, true],
  ['a pair that one list makes', 1, batch(image, image, category), 2, false, true],
  ['one thing that one list makes', 1, batch(image, category), 1, false, false],
  ['a tuple without end', 1, PyDict.from([]), 1, true, false],
])('%s', (_, lists, types, counted, isDatasets, expected) => {
  const dataset = object(isDatasets ? { tls: [] } : {});
  const loader = object({ _types: types, _n_inp: counted });
  const inputs = Array.from({ length: lists }, () => list);
  expect(takesSeveral({ dataset, loader, inputs })).toBe(expected);
});
