import { NdArray, NumpyDtype } from '../../torch/index.js';
import { ArrayItemError } from '../errors.js';

const MAGIC = Uint8Array.of(0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59);
/** More than numpy itself reads by default. */
const MOST_HEADER_BYTES = 65_536;
const MOST_DIMENSIONS = 64;

export const isNpy = (bytes: Uint8Array): boolean =>
  bytes.length >= MAGIC.length && MAGIC.every((byte, at) => bytes[at] === byte);

/**
 * Reads a file of `numpy.save`: numbers and flags, in either order of bytes and of elements.
 *
 * @throws ArrayItemError for objects, texts, records and times, and for a damaged file.
 */
export function readNpy(bytes: Uint8Array): NdArray {
  const version = bytes[6] ?? 0;
  const before = version === 1 ? 10 : 12;
  if (version < 1 || version > 3) throw damaged('has an unknown version of the .npy format');
  if (bytes.length < before) throw damaged('ends within the header of its .npy file');
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const length = version === 1 ? view.getUint16(8, true) : view.getUint32(8, true);
  if (length > MOST_HEADER_BYTES) {
    throw damaged(`has an .npy header of more than ${MOST_HEADER_BYTES} bytes`);
  }
  const start = before + length;
  if (bytes.length < start) throw damaged('ends within the header of its .npy file');
  const header = Buffer.from(bytes.buffer, bytes.byteOffset + before, length).toString('latin1');
  const [, order, kind = ''] = /'descr':\s*'([<>|=]?)([biuf])\d{1,2}'/.exec(header) ?? [];
  const size = /'descr':\s*'\D{1,2}(\d{1,2})'/.exec(header)?.[1];
  const fortran = /'fortran_order':\s*(True|False)/.exec(header)?.[1];
  const shape = /'shape':\s*\(([\d\s,L]*)\)/.exec(header)?.[1];
  if (!kind || fortran === undefined || shape === undefined) {
    throw damaged('is an .npy file whose elements are not numbers');
  }
  const sizes = shape.split(',').map((one) => one.trim().replace(/L$/, ''));
  if (sizes.at(-1) === '') sizes.pop();
  if (sizes.length > MOST_DIMENSIONS) {
    throw damaged(`has more than ${MOST_DIMENSIONS} dimensions`);
  }
  const dims = sizes.map((one) => (/^\d{1,15}$/.test(one) ? Number(one) : NaN));
  const dtype = new NumpyDtype(kind, Number(size));
  dtype.bigEndian = order === '>';
  const needed = dims.reduce((product, dim) => product * dim, dtype.itemsize);
  if (needed !== bytes.length - start) {
    throw damaged(
      `of shape (${dims.join(', ')}) needs ${needed} bytes but has ${bytes.length - start}`,
    );
  }
  // Copies a Buffer only if its bytes are not aligned.
  const data = new Uint8Array(bytes.buffer, bytes.byteOffset + start, bytes.length - start);
  return new NdArray().assign(dtype, dims, data, fortran === 'True');
}

const damaged = (fact: string): ArrayItemError =>
  new ArrayItemError(fact, 'send a file that numpy.save wrote from an array of numbers');
