import { NdArray } from './numpy.js';
import { DataFrame, Series } from './pandas/frame.js';
import { PyDict, PyGlobal, PyObject, PySet, type PyValue } from './python.js';
import { Tensor } from './tensor.js';

const plain: Readonly<Record<string, string>> = {
  boolean: 'a truth value',
  number: 'a number',
  bigint: 'a number',
  string: 'a text',
};

/** The content of a file, in the words of an error message. */
export function describeValue(value: PyValue): string {
  if (value === null) return 'None';
  if (value instanceof Tensor) return `a tensor of shape [${value.shape.join(', ')}]`;
  if (value instanceof NdArray) return 'a numpy array';
  if (value instanceof DataFrame || value instanceof Series) return 'a pandas data frame';
  if (value instanceof PyObject) return `an object of the class "${value.className}"`;
  if (value instanceof PyGlobal) return `a class or function, "${value.qualifiedName}"`;
  if (value instanceof PyDict) return 'a dictionary';
  if (value instanceof PySet) return 'a set';
  if (Array.isArray(value)) return 'a list';
  if (value instanceof Uint8Array) return 'bytes';
  return plain[typeof value] ?? 'a value of another kind';
}
