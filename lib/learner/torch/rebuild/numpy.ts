import { travelling, type Travelling } from '../float-lists.js';
import { decodeScalar, NdArray, NumpyDtype } from '../numpy.js';
import type { RebuildContext, RebuilderList } from '../pickle/rebuilder.js';
import { PyGlobal, type PyValue } from '../python.js';
import { numbersIn } from './torch.js';

/** Arrays, scalars and dtypes; numpy 2 renamed `numpy.core` to `numpy._core`. */
export const numpyRebuilders: RebuilderList = [
  ['numpy.dtype', rebuildDtype],
  ...['numpy.core', 'numpy._core'].flatMap((core): RebuilderList => [
    [`${core}.multiarray._reconstruct`, rebuildArray],
    [`${core}.multiarray.scalar`, rebuildScalar],
    [`${core}.numeric._frombuffer`, rebuildFromBuffer],
  ]),
];

/** Sizes in bytes of the types that `dtype()` names by one letter without a size. */
const BARE_TYPES: ReadonlyMap<string, string> = new Map([
  ['?', 'b1'],
  ['O', 'O8'],
  ['S', 'S0'],
  ['U', 'U0'],
  ['V', 'V0'],
  ['M', 'M8'],
  ['m', 'm8'],
]);

/** `dtype('f8', …)`, then `(version, order, sub-array, names, fields, size, …)`. */
function rebuildDtype(args: readonly PyValue[], context: RebuildContext): NumpyDtype | undefined {
  const [type] = args;
  if (typeof type !== 'string') return undefined;
  const order = /^[<>=|]/.test(type) ? type[0]! : '';
  const code = type.slice(order.length);
  const parts = /^([biufcOSUVMm])(\d+)$/.exec(BARE_TYPES.get(code) ?? code);
  if (!parts) return undefined;
  const kind = parts[1]!;
  const size = Number(parts[2]);
  const dtype = new NumpyDtype(kind, kind === 'U' ? size * 4 : size);
  dtype.bigEndian = order === '>';
  context.onState(dtype, (state) => setDtypeState(dtype, state));
  return dtype;
}

function setDtypeState(dtype: NumpyDtype, state: PyValue): void {
  if (!Array.isArray(state)) return;
  const [, order, subArray, names, fields, size, , , metadata] = state;
  dtype.bigEndian = asText(order) === '>';
  dtype.structured = [subArray, names, fields].some((value) => value != null);
  // -1 means "as the type says".
  if (typeof size === 'number' && size >= 0) dtype.itemsize = size;
  const unit = Array.isArray(metadata) ? metadata[1] : undefined;
  if (!Array.isArray(unit)) return;
  dtype.unit = asText(unit[0]);
  if (typeof unit[1] === 'number') dtype.unitCount = unit[1];
}

function asText(value: PyValue | undefined): string | undefined {
  if (typeof value === 'string') return value;
  return value instanceof Uint8Array ? Buffer.from(value).toString('latin1') : undefined;
}

/** An empty array, then the state `(version, shape, dtype, is_fortran, bytes or list)`. */
function rebuildArray(args: readonly PyValue[], context: RebuildContext): NdArray | undefined {
  const [type] = args;
  // Only subclasses whose values are all in that state.
  if (!(type instanceof PyGlobal) || !/^(ndarray|recarray|memmap|matrix)$/.test(type.name)) {
    return undefined;
  }
  const array = new NdArray();
  context.onState(array, (state) => {
    if (!Array.isArray(state)) return;
    const [shape, dtype, fortran, raw] = state.slice(-4);
    const sizes = sizesOf(shape);
    const data = rawData(raw);
    if (sizes && dtype instanceof NumpyDtype && data) {
      array.assign(dtype, sizes, data, fortran === true);
    }
  });
  return array;
}

/** Python 2 pickled bytes as `str`; bytes that happen to be UTF-8 arrive as text. */
function rawData(raw: PyValue | undefined): Uint8Array | PyValue[] | undefined {
  if (raw instanceof Uint8Array || Array.isArray(raw)) return raw;
  return typeof raw === 'string' ? new Uint8Array(Buffer.from(raw, 'utf8')) : undefined;
}

function sizesOf(value: PyValue | undefined): number[] | undefined {
  return numbersIn(typeof value === 'number' ? [value] : value);
}

/** `scalar(dtype, bytes or object)`. Times stay arrays: they need their unit. */
function rebuildScalar(args: readonly PyValue[]): Travelling | undefined {
  const [dtype, value] = args;
  if (!(dtype instanceof NumpyDtype)) return undefined;
  if (dtype.kind === 'O') return value;
  const raw = rawData(value);
  if (!raw || Array.isArray(raw) || dtype.structured) return undefined;
  if (dtype.kind === 'M' || dtype.kind === 'm') return new NdArray().assign(dtype, [], raw);
  const scalar = decodeScalar(dtype, raw);
  return dtype.kind === 'f' ? travelling(scalar) : scalar;
}

/** `_frombuffer(bytes, dtype, shape, order)`: protocol 5. */
function rebuildFromBuffer(args: readonly PyValue[]): NdArray | undefined {
  const [raw, dtype, shape, order] = args;
  const sizes = sizesOf(shape);
  if (!(raw instanceof Uint8Array) || !(dtype instanceof NumpyDtype) || !sizes) return undefined;
  return new NdArray().assign(dtype, sizes, raw, order === 'F');
}
