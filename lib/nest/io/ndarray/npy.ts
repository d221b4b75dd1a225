import { Fault } from '../errors.js';
import { bytesOf, dataOf, littleEndian, type BinaryArray, type BinaryType } from './binary.js';
import { DTYPES, type NdarrayData, type NdarrayDType } from './dtypes.js';
import { product, shapeText } from './nested.js';

/** More than numpy itself reads by default. */
const MOST_HEADER_BYTES = 65_536;
/** As in numpy. */
const MOST_DIMENSIONS = 64;
/** An array without elements could declare any number of rows. */
const MOST_EMPTY_ROWS = 1_000_000;
const MAGIC = Uint8Array.of(0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59);
/** Header and magic are padded to a multiple of this. */
const ALIGNMENT = 64;

/**
 * Reads numpy's `.npy` format, versions 1 to 3: both byte orders and both orders of elements.
 * Pickled objects, records, complex numbers and dates are refused.
 *
 * @throws Fault
 */
export function readNpy(bytes: Uint8Array): BinaryArray {
  if (bytes.length < 10 || MAGIC.some((byte, at) => bytes[at] !== byte)) {
    throw new Fault('the body is not an .npy file', 'send what numpy.save writes');
  }
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const version = bytes[6] as number;
  if (version < 1 || version > 3) {
    throw new Fault(`version ${version} of .npy is not supported`, 'send version 1, 2 or 3');
  }
  const before = version === 1 ? 10 : 12;
  if (bytes.length < before) throw cutOff();
  const length = version === 1 ? view.getUint16(8, true) : view.getUint32(8, true);
  if (length > MOST_HEADER_BYTES) {
    throw new Fault(`its header is longer than ${MOST_HEADER_BYTES} bytes`);
  }
  const start = before + length;
  if (bytes.length < start) throw cutOff();
  const header = Buffer.from(bytes.buffer, bytes.byteOffset + before, length).toString('latin1');
  const { descr, fortran, dims } = readHeader(header);
  const type = typeOf(descr);
  checkSize(dims, type.size, bytes.length - start);
  const data = dataOf(bytes.subarray(start), type);
  return {
    dtype: type.dtype,
    dims,
    data: fortran && dims.length > 1 ? (inRows(data, dims) as NdarrayData) : data,
  };
}

/** Writes version 1, or 2 if the header is long: little endian, row-major. @throws Fault */
export function writeNpy(
  dtype: NdarrayDType,
  dims: readonly number[],
  values: ArrayLike<unknown>,
): Uint8Array {
  const data = bytesOf(dtype, values);
  const { kind, bits } = DTYPES[dtype];
  const letter = kind === 'bool' ? 'b' : kind === 'int' ? 'i' : kind === 'uint' ? 'u' : 'f';
  const size = kind === 'bool' ? 1 : bits / 8;
  const descr = `${size === 1 ? '|' : '<'}${letter}${size}`;
  const dict = `{'descr': '${descr}', 'fortran_order': False, 'shape': ${shapeText(dims)}, }`;
  const paddedTo = (before: number): number =>
    Math.ceil((before + dict.length + 1) / ALIGNMENT) * ALIGNMENT - before;
  const version = paddedTo(10) <= 0xffff ? 1 : 2;
  const before = version === 1 ? 10 : 12;
  const length = paddedTo(before);
  const file = new Uint8Array(before + length + data.byteLength);
  file.set(MAGIC);
  file[6] = version;
  const view = new DataView(file.buffer);
  if (version === 1) view.setUint16(8, length, true);
  else view.setUint32(8, length, true);
  Buffer.from(file.buffer).write(`${dict.padEnd(length - 1)}\n`, before, 'latin1');
  file.set(data, before + length);
  return file;
}

interface NpyHeader {
  readonly descr: string;
  readonly fortran: boolean;
  readonly dims: readonly number[];
}

/** A Python dictionary with three keys, in any order, as `repr` writes it. */
function readHeader(text: string): NpyHeader {
  const dict = /^\{(.*?),?\s*\}\s*$/s.exec(text)?.[1];
  const descr = /(?:^|[\s,])'descr':\s*'([^']*)'/.exec(dict ?? '')?.[1];
  const order = /(?:^|[\s,])'fortran_order':\s*(True|False)/.exec(dict ?? '')?.[1];
  const shape = /(?:^|[\s,])'shape':\s*\(([\d\s,L]*)\)/.exec(dict ?? '')?.[1];
  if (dict !== undefined && descr === undefined && /'descr':\s*\[/.test(dict)) {
    throw new Fault('its elements are records', 'send an array of numbers');
  }
  if (descr === undefined || order === undefined || shape === undefined) {
    throw new Fault('its header cannot be read', 'send what numpy.save writes');
  }
  const sizes = shape.split(',').map((size) => size.trim());
  if (sizes.at(-1) === '') sizes.pop();
  if (sizes.length > MOST_DIMENSIONS) {
    throw new Fault(`it has more than ${MOST_DIMENSIONS} dimensions`);
  }
  // Python 2 wrote its long integers with an L.
  const dims = sizes.map((size) => (/^\d{1,15}L?$/.test(size) ? parseInt(size, 10) : NaN));
  if (dims.some(Number.isNaN)) throw new Fault(`its shape (${shape}) cannot be read`);
  return { descr, fortran: order === 'True', dims };
}

const KINDS: Readonly<Record<string, string>> = {
  O: 'pickled objects, which are never read',
  S: 'bytes',
  U: 'texts',
  V: 'records',
  c: 'complex numbers',
  M: 'dates',
  m: 'time spans',
};

const TYPES = new Map<string, NdarrayDType>([
  ['b1', 'bool'],
  ...Object.entries(DTYPES).flatMap(([name, { kind, bits }]): [string, NdarrayDType][] => {
    if (kind === 'bool' || kind === 'string') return [];
    return [[`${kind.slice(0, 1)}${bits / 8}`, name as NdarrayDType]];
  }),
]);

function typeOf(descr: string): BinaryType {
  const [, order = '', code = ''] = /^([<>|=]?)(\w+)/.exec(descr) ?? [];
  const dtype = TYPES.get(code);
  if (dtype === undefined) {
    const what = KINDS[code.slice(0, 1)] ?? `of type "${descr}"`;
    const remedy = `send one of ${[...TYPES.values()].join(', ')}`;
    throw new Fault(`its elements are ${what}`, remedy);
  }
  return littleEndian(dtype, order !== '>');
}

function checkSize(dims: readonly number[], size: number, given: number): void {
  const needed = product(dims) * size;
  if (needed !== given) {
    const fact = `its shape ${shapeText(dims)} takes ${needed} bytes, and ${given} were sent`;
    throw new Fault(fact, 'send the whole array, and nothing else');
  }
  if (needed === 0 && product(dims.filter((dim) => dim > 0)) > MOST_EMPTY_ROWS) {
    throw new Fault(`it has no elements, but more than ${MOST_EMPTY_ROWS} rows`);
  }
}

function cutOff(): Fault {
  return new Fault('the body ends within its header', 'send the whole file');
}

/** Converts elements from column-major to row-major order. */
function inRows(columns: NdarrayData, dims: readonly number[]): ArrayLike<unknown> {
  const total = columns.length;
  const rows = columns.slice() as unknown as Record<number, unknown>;
  const strides: number[] = [];
  for (let axis = 0, stride = 1; axis < dims.length; stride *= dims[axis++] as number) {
    strides.push(stride);
  }
  const index = dims.map(() => 0);
  for (let at = 0, from = 0; at < total; at++) {
    rows[at] = columns[from];
    for (let axis = dims.length - 1; axis >= 0; axis--) {
      const [stride, dim] = [strides[axis] as number, dims[axis] as number];
      from += stride;
      if (++(index[axis] as number) < dim) break;
      from -= stride * dim;
      index[axis] = 0;
    }
  }
  return rows as unknown as ArrayLike<unknown>;
}
