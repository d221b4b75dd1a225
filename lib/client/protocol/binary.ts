import { shortened } from '../../learner/errors/index.js';
import { infoOf, type Datatype, type NumericData, type TensorData } from './datatypes.js';
import { InferenceMessageError } from './errors.js';

const LENGTH_BYTES = 4;
const littleEndian = new Uint8Array(Uint16Array.of(1).buffer)[0] === 1;

/**
 * The elements of a tensor from raw bytes: little endian, one byte per BOOL, each BYTES element
 * after its length as a 32-bit number. Elements of BYTES are views of the bytes; others are copies.
 *
 * @throws InferenceMessageError
 */
export function readRaw(
  name: string,
  datatype: Datatype,
  count: number,
  bytes: Uint8Array,
): TensorData {
  const { array, size, kind } = infoOf(datatype);
  if (array === undefined || size === undefined) return readTexts(name, count, bytes);
  if (bytes.length !== count * size) {
    throw wrongLength(name, bytes.length, `${count} elements of ${datatype} take ${count * size}`);
  }
  const own = copyOf(bytes);
  if (!littleEndian && size > 1) swap(own, size);
  if (kind === 'bool') {
    const odd = own.findIndex((byte) => byte > 1);
    if (odd >= 0) {
      throw new InferenceMessageError(
        `Element ${odd} of the tensor "${shortened(name)}" is the byte ${own[odd]}, which is not a BOOL`,
        'send 0 and 1',
      );
    }
  }
  return new array(own.buffer);
}

/** The elements as raw bytes. */
export function writeRaw(datatype: Datatype, data: TensorData): Uint8Array {
  if (isNumeric(data)) {
    const bytes = new Uint8Array(data.buffer as ArrayBuffer, data.byteOffset, data.byteLength);
    const { size = 1 } = infoOf(datatype);
    if (littleEndian || size === 1) return bytes;
    const own = copyOf(bytes);
    swap(own, size);
    return own;
  }
  const texts = data.map(bytesOfText);
  const length = texts.reduce((sum, text) => sum + LENGTH_BYTES + text.length, 0);
  const out = new Uint8Array(length);
  const view = new DataView(out.buffer);
  let at = 0;
  for (const text of texts) {
    view.setUint32(at, text.length, true);
    out.set(text, at + LENGTH_BYTES);
    at += LENGTH_BYTES + text.length;
  }
  return out;
}

export function isNumeric(data: TensorData): data is NumericData {
  return ArrayBuffer.isView(data);
}

const encoder = new TextEncoder();

export function bytesOfText(text: string | Uint8Array): Uint8Array {
  return typeof text === 'string' ? encoder.encode(text) : text;
}

function readTexts(name: string, count: number, bytes: Uint8Array): Uint8Array[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const texts: Uint8Array[] = [];
  let at = 0;
  while (at < bytes.length) {
    if (texts.length === count) {
      throw wrongLength(name, bytes.length, `${count} elements of BYTES end at ${at}`);
    }
    const start = at + LENGTH_BYTES;
    const end = start <= bytes.length ? start + view.getUint32(at, true) : Infinity;
    if (end > bytes.length) {
      throw wrongLength(name, bytes.length, `element ${texts.length} of BYTES goes beyond them`);
    }
    texts.push(bytes.subarray(start, end));
    at = end;
  }
  if (texts.length < count) {
    throw wrongLength(
      name,
      bytes.length,
      `they hold ${texts.length} of ${count} elements of BYTES`,
    );
  }
  return texts;
}

function wrongLength(name: string, given: number, fact: string): InferenceMessageError {
  return new InferenceMessageError(
    `The tensor "${shortened(name)}" comes with ${given} bytes, but ${fact}`,
    'send all elements in little-endian, row-major order',
  );
}

/** A Buffer's `slice` does not copy. */
export function copyOf(bytes: Uint8Array): Uint8Array<ArrayBuffer> {
  return Uint8Array.prototype.slice.call(bytes);
}

function swap(bytes: Uint8Array, size: number): void {
  for (let at = 0; at < bytes.length; at += size) bytes.subarray(at, at + size).reverse();
}
