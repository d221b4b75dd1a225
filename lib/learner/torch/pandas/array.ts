import { CorruptTensorError, UnreadableColumnError } from '../errors.js';
import { NdArray } from '../numpy.js';
import { PyGlobal, PyLibraryValue, PyObject, type PyValue } from '../python.js';
import { readArrowArray } from './arrow.js';

/** Values that may stand for an array: an index or a series. */
export abstract class PandasVector extends PyLibraryValue {
  abstract get values(): PyValue[];
}

/** numpy's "not a time". */
const NAT = -(2n ** 63n);
/** Indexes hold arrays, and categories hold indexes: a few levels, unless a file is hostile. */
const DEEPEST = 16;
let nesting = 0;

/** Row by row; `NA` and "not a time" are null, times are bigint counts of their unit. */
export function arrayValues(value: PyValue, what: string): PyValue[] {
  if (nesting >= DEEPEST) throw new UnreadableColumnError(what, 'arrays nested endlessly');
  nesting++;
  try {
    return decodeArray(value, what);
  } finally {
    nesting--;
  }
}

function decodeArray(value: PyValue, what: string): PyValue[] {
  if (value instanceof NdArray) return ndArrayValues(value);
  if (value instanceof PandasVector) return value.values;
  if (Array.isArray(value)) return value.map(withoutNa);
  if (!(value instanceof PyObject)) throw new UnreadableColumnError(what, typeof value);
  const name = shortName(value);
  const read = READERS.find(([classes]) => classes.test(name))?.[1];
  if (!read) throw unreadable(value, what);
  return read(value, what);
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
  const inner = ndArrayIn(value);
  return inner ? numpyName(inner) : name;
}

function numpyName({ dtype: { kind, unit = 'ns', numberName } }: NdArray): string {
  if (kind === 'M' || kind === 'm') return `${kind === 'M' ? 'datetime' : 'timedelta'}64[${unit}]`;
  return kind === 'b' ? 'bool' : (numberName ?? 'object');
}

function unreadable(record: PyObject, what: string): UnreadableColumnError {
  return new UnreadableColumnError(what, record.className);
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

/** The parts of a record's state under any name: their order changed between versions. */
function partsOf({ state, attrs }: PyObject): PyValue[] {
  return Array.isArray(state) ? state : [...attrs.values()];
}

/** The numpy array that an extension array wraps. */
export function ndArrayIn(record: PyObject): NdArray | undefined {
  return partsOf(record).find((part) => part instanceof NdArray);
}

function wrappedArray(record: PyObject, what: string, attribute = '_ndarray'): NdArray {
  const named = record.attr(attribute);
  const found = named instanceof NdArray ? named : ndArrayIn(record);
  if (!found) throw unreadable(record, what);
  return found;
}

function wrappedValues(record: PyObject, what: string): PyValue[] {
  return ndArrayValues(wrappedArray(record, what));
}

function maskedValues(record: PyObject, what: string): PyValue[] {
  const mask = record.attr('_mask');
  if (!(mask instanceof NdArray)) throw unreadable(record, what);
  const values = wrappedArray(record, what, '_data').items();
  const masked = mask.items();
  if (masked.length !== values.length) {
    throw new CorruptTensorError(`${values.length} values have a mask of length ${masked.length}`);
  }
  return values.map((value, i) => (masked[i] === true ? null : value));
}

function categoricalValues(record: PyObject, what: string): PyValue[] {
  const codes = record.attr('_codes') ?? wrappedArray(record, what);
  const categories = categoriesOf(record);
  if (!(codes instanceof NdArray) || !categories) throw unreadable(record, what);
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
  const isDtype = (part: PyValue): boolean =>
    part instanceof PyObject && shortName(part) === 'CategoricalDtype';
  return categoriesOf(partsOf(value).find(isDtype));
}

function arrowValues(record: PyObject, what: string): PyValue[] {
  const dtype = record.attr('_dtype');
  const usesNaN = dtype instanceof PyObject && Number.isNaN(dtype.args[1]);
  const array = record.attr('_pa_array') ?? record.attr('_data');
  const values = readArrowArray(array, usesNaN ? NaN : null);
  if (!values) throw unreadable(record, what);
  return values;
}

/** Readers of pandas' extension arrays, by class. */
const READERS: readonly [RegExp, (record: PyObject, what: string) => PyValue[]][] = [
  [/^Categorical$/, categoricalValues],
  [
    /^(StringArray(NumpySemantics)?|(NumpyExtension|Pandas|Datetime|Timedelta)Array)$/,
    wrappedValues,
  ],
  [/^(Integer|Floating|Boolean)Array$/, maskedValues],
  [/^Arrow(StringArray(NumpySemantics)?|ExtensionArray)$/, arrowValues],
];
