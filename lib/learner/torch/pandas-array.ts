import { CorruptTensorError, UnreadableColumnError } from './errors/index.js';
import { readArrowArray } from './arrow.js';
import { NdArray } from './numpy.js';
import { Index, Series } from './pandas.js';
import { PyGlobal, PyObject, PyTuple, type PyValue } from './python.js';

/** numpy's "not a time". */
const NAT = -(2n ** 63n);
/**
 * An index holds an array, a column's categories an index: a few levels, unless a file is made to
 * exhaust us.
 */
const DEEPEST = 16;
let nesting = 0;

/**
 * The values of a numpy array, an index or a pandas extension array, row by row. `NA` and "not a
 * time" are null; times are bigint counts of their unit.
 */
export function arrayValues(value: PyValue, what: string): PyValue[] {
  if (nesting >= DEEPEST) throw new UnreadableColumnError(what, 'arrays nested without end');
  nesting++;
  try {
    return decodeArray(value, what);
  } finally {
    nesting--;
  }
}

function decodeArray(value: PyValue, what: string): PyValue[] {
  if (value instanceof NdArray) return ndArrayValues(value);
  if (value instanceof Index || value instanceof Series) return value.values;
  if (Array.isArray(value)) return value.map(withoutNa);
  if (!(value instanceof PyObject)) throw new UnreadableColumnError(what, typeof value);
  switch (shortName(value)) {
    case 'Categorical':
      return categoricalValues(value, what);
    case 'StringArray':
    case 'StringArrayNumpySemantics':
    case 'NumpyExtensionArray':
    case 'PandasArray':
    case 'DatetimeArray':
    case 'TimedeltaArray':
      return ndArrayValues(partOf(value, what));
    case 'IntegerArray':
    case 'FloatingArray':
    case 'BooleanArray':
      return maskedValues(value, what);
    case 'ArrowStringArray':
    case 'ArrowStringArrayNumpySemantics':
    case 'ArrowExtensionArray':
      return arrowValues(value, what);
    default:
      throw new UnreadableColumnError(what, value.className);
  }
}

/** The dtype's name as pandas prints it, or the class of the array. */
export function arrayDtypeName(value: PyValue | undefined): string {
  if (value instanceof NdArray) return numpyName(value);
  if (!(value instanceof PyObject)) return 'object';
  const name = shortName(value);
  if (name === 'Categorical') return 'category';
  if (/^(Arrow)?StringArray/.test(name)) return 'string';
  if (name === 'BooleanArray') return 'boolean';
  const data = value.attr('_data');
  if (/^(Integer|Floating)Array$/.test(name) && data instanceof NdArray) {
    const plain = numpyName(data);
    return plain[0]!.toUpperCase() + plain.slice(1).replace(/^int/, 'Int');
  }
  const parts = Array.isArray(value.state) ? value.state : [...value.attrs.values()];
  const inner = parts.find((part) => part instanceof NdArray);
  return inner ? numpyName(inner) : name;
}

function numpyName({ dtype }: NdArray): string {
  const bits = dtype.itemsize * 8;
  switch (dtype.kind) {
    case 'b':
      return 'bool';
    case 'i':
      return `int${bits}`;
    case 'u':
      return `uint${bits}`;
    case 'f':
      return `float${bits}`;
    case 'c':
      return `complex${bits}`;
    case 'M':
      return `datetime64[${dtype.unit ?? 'ns'}]`;
    case 'm':
      return `timedelta64[${dtype.unit ?? 'ns'}]`;
    default:
      return 'object';
  }
}

function shortName(record: PyObject): string {
  const { className } = record;
  return className.startsWith('pandas.') ? className.slice(className.lastIndexOf('.') + 1) : '';
}

function ndArrayValues(array: NdArray): PyValue[] {
  const { kind } = array.dtype;
  if (kind === 'M' || kind === 'm') {
    return Array.from(array.data as BigInt64Array, (time) => (time === NAT ? null : time));
  }
  return kind === 'O' ? array.items().map(withoutNa) : array.items();
}

function withoutNa(value: PyValue): PyValue {
  const missing =
    (value instanceof PyGlobal && /^pandas\..*\bNA$/.test(value.qualifiedName)) ||
    (value instanceof PyObject && /^pandas\..*\b(_nat_unpickle|NaTType)$/.test(value.className));
  return missing ? null : value;
}

/** The array among the parts of the state: their order changed between versions. */
function partOf(record: PyObject, what: string, attribute = '_ndarray'): NdArray {
  const named = record.attr(attribute);
  if (named instanceof NdArray) return named;
  const parts = Array.isArray(record.state) ? record.state : [...record.attrs.values()];
  const found = parts.find((part) => part instanceof NdArray);
  if (!(found instanceof NdArray)) throw new UnreadableColumnError(what, record.className);
  return found;
}

function maskedValues(record: PyObject, what: string): PyValue[] {
  const mask = record.attr('_mask');
  if (!(mask instanceof NdArray)) throw new UnreadableColumnError(what, record.className);
  const values = partOf(record, what, '_data').items();
  const masked = mask.items();
  if (masked.length !== values.length) {
    throw new CorruptTensorError(`${values.length} values have a mask of ${masked.length}`);
  }
  return values.map((value, i) => (masked[i] === true ? null : value));
}

function categoricalValues(record: PyObject, what: string): PyValue[] {
  const codes = record.attr('_codes') ?? partOf(record, what);
  const categories = categoriesOf(record);
  if (!(codes instanceof NdArray) || !categories) {
    throw new UnreadableColumnError(what, record.className);
  }
  return codes.items().map((code) => categories[Number(code)] ?? null);
}

/** The categories of a `Categorical`, or of a `CategoricalDtype`; undefined for other values. */
export function categoriesOf(value: PyValue | undefined): PyValue[] | undefined {
  if (!(value instanceof PyObject)) return undefined;
  if (shortName(value) === 'CategoricalDtype') {
    const categories = value.attr('categories') ?? value.attr('_categories') ?? value.args[0];
    return categories == null ? undefined : arrayValues(categories, 'categories');
  }
  if (shortName(value) !== 'Categorical') return undefined;
  const parts = value.state instanceof PyTuple ? value.state : [...value.attrs.values()];
  const dtype = parts.find(
    (part) => part instanceof PyObject && shortName(part) === 'CategoricalDtype',
  );
  return categoriesOf(dtype);
}

function arrowValues(record: PyObject, what: string): PyValue[] {
  const dtype = record.attr('_dtype');
  const usesNaN = dtype instanceof PyObject && Number.isNaN(dtype.args[1]);
  const array = record.attr('_pa_array') ?? record.attr('_data');
  const values = readArrowArray(array, usesNaN ? NaN : null);
  if (!values) throw new UnreadableColumnError(what, record.className);
  return values;
}
