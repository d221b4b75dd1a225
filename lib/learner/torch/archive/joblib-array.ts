import { NdArray, NumpyDtype } from '../numpy.js';
import type { Cursor } from '../pickle/cursor.js';
import { PyGlobal, type PyObject, type PyValue } from '../python.js';

/** Earlier versions of scikit-learn contain joblib. */
const WRAPPERS = /^(sklearn\.externals\.)?joblib\.numpy_pickle\.NumpyArrayWrapper$/;
/** joblib before 0.10 wrote arrays to separate files, beside the pickle. */
const OUTSIDE = /^(sklearn\.externals\.)?joblib\.numpy_pickle(_compat)?\.Z?NDArrayWrapper$/;

/**
 * joblib leaves an array out of the pickle, and writes its elements into the stream directly after
 * the record that describes it. Undefined for any other record.
 *
 * @param next Reads the pickle at that position, for arrays of objects.
 */
export function arrayBehind(
  record: PyObject,
  cursor: Cursor,
  next: () => PyValue,
): PyValue | undefined {
  if (OUTSIDE.test(record.className)) {
    throw cursor.corrupt(
      'its arrays are in other files (joblib before 0.10): dump it again with a later version',
    );
  }
  if (!WRAPPERS.test(record.className)) return undefined;
  const dtype = record.attr('dtype');
  const shape = record.attr('shape');
  const order = record.attr('order');
  const isPlain = record.attr('subclass') instanceof PyGlobal;
  if (!isPlain || !(dtype instanceof NumpyDtype) || !isShape(shape)) {
    throw cursor.corrupt('joblib describes an array without class, dtype and shape');
  }
  if (dtype.kind === 'O') return next();
  // Later versions state how many bytes of padding align the elements.
  if (typeof record.attr('numpy_array_alignment_bytes') === 'number') cursor.bytes(cursor.uint8());
  const bytes = shape.reduce((product, size) => product * size, dtype.itemsize);
  const raw = cursor.bytes(bytes);
  return new NdArray().assign(dtype, shape, raw, order === 'F');
}

function isShape(value: PyValue | undefined): value is number[] {
  return (
    Array.isArray(value) &&
    value.every((size) => Number.isSafeInteger(size) && (size as number) >= 0)
  );
}
