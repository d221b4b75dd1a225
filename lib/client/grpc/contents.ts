import { shortened } from '../../learner/errors/index.js';
import { bytesOfText, isNumeric, readRaw, writeRaw } from '../protocol/binary.js';
import { infoOf, type Datatype, type NumericData, type TensorData } from '../protocol/datatypes.js';
import { InferenceMessageError } from '../protocol/errors.js';
import { WIRE, WireReader } from './wire/reader.js';
import { WireWriter } from './wire/writer.js';

const littleEndian = new Uint8Array(Uint16Array.of(1).buffer)[0] === 1;

/** The fields of `InferTensorContents`, by their numbers. */
const FIELDS = new Map([
  [1, 'bool_contents'],
  [2, 'int_contents'],
  [3, 'int64_contents'],
  [4, 'uint_contents'],
  [5, 'uint64_contents'],
  [6, 'fp32_contents'],
  [7, 'fp64_contents'],
  [8, 'bytes_contents'],
]);

const FIELD_OF: Readonly<Record<Exclude<Datatype, 'FP16'>, number>> = {
  BOOL: 1,
  INT8: 2,
  INT16: 2,
  INT32: 2,
  INT64: 3,
  UINT8: 4,
  UINT16: 4,
  UINT32: 4,
  UINT64: 5,
  FP32: 6,
  FP64: 7,
  BYTES: 8,
};

/** The part of a tensor that is needed to read its data. */
interface Typed {
  readonly name: string;
  readonly datatype: Datatype;
  /** The number of elements in its shape. */
  readonly count: number;
}

/**
 * The elements of a tensor from `InferTensorContents`. Elements of BYTES are views of the message.
 *
 * @param parts The message; protobuf may split it.
 * @throws InferenceMessageError
 */
export function readContents(tensor: Typed, parts: readonly Uint8Array[]): TensorData {
  const { name, datatype, count } = tensor;
  const field = fieldOf(name, datatype);
  const { array, size, kind } = infoOf(datatype);
  // The shape is not trusted: memory is allocated only for elements that can exist.
  const bytes = parts.reduce((sum, part) => sum + part.length, 0);
  const least = kind === 'float' ? size! : kind === 'bytes' ? 2 : 1;
  if (count * least > bytes) throw wrongCount(tensor, `fewer than ${count}`);
  if (array === undefined || size === undefined) return readTexts(tensor, field, parts);
  if (kind === 'float') return readFloats(tensor, size, field, parts);
  const out = new array(new ArrayBuffer(count * size));
  const put = integers(tensor, out);
  let at = 0;
  const take = (reader: WireReader): void => {
    if (at === count) throw wrongCount(tensor, `more than ${count}`);
    reader.varint();
    put(reader, at++);
  };
  for (const reader of fieldsOf(tensor, field, parts)) {
    if (reader.type === WIRE.varint) {
      take(reader);
      continue;
    }
    const packed = new WireReader(reader.view());
    while (!packed.done) take(packed);
  }
  if (at < count) throw wrongCount(tensor, String(at));
  return out;
}

/** The elements as `InferTensorContents`. @throws InferenceMessageError for FP16. */
export function writeContents(name: string, datatype: Datatype, data: TensorData): WireWriter {
  const field = fieldOf(name, datatype);
  const contents = new WireWriter();
  if (!isNumeric(data)) {
    for (const text of data) contents.bytes(field, bytesOfText(text));
    return contents;
  }
  if (data.length === 0) return contents;
  if (infoOf(datatype).kind === 'float') return contents.bytes(field, writeRaw(datatype, data));
  return contents.bytes(field, packedIntegers(data));
}

/** Packed numbers; a negative number takes ten bytes. */
function packedIntegers(data: NumericData): Uint8Array {
  const wide = data instanceof BigInt64Array || data instanceof BigUint64Array;
  const words = wide ? new Uint32Array(data.buffer, data.byteOffset, 2 * data.length) : undefined;
  const first = littleEndian ? 0 : 1;
  const bytes = new Uint8Array(data.length * 10);
  let end = 0;
  for (let at = 0; at < data.length; at++) {
    const value = words === undefined ? (data[at] as number) : 0;
    let low = words?.[2 * at + first] ?? value >>> 0;
    let high = words?.[2 * at + 1 - first] ?? (value < 0 ? 0xffffffff : 0);
    while (high !== 0 || low > 127) {
      bytes[end++] = (low & 127) | 128;
      low = ((low >>> 7) | (high << 25)) >>> 0;
      high >>>= 7;
    }
    bytes[end++] = low;
  }
  return bytes.subarray(0, end);
}

/** Each occurrence of a tensor's field. */
function* fieldsOf(
  { name, datatype }: Typed,
  field: number,
  parts: readonly Uint8Array[],
): Generator<WireReader> {
  for (const part of parts) {
    const reader = new WireReader(part);
    while (reader.next()) {
      if (reader.field === field) {
        yield reader;
        continue;
      }
      const other = FIELDS.get(reader.field);
      if (other !== undefined) {
        throw new InferenceMessageError(
          `The tensor "${shortened(name)}" is ${datatype} and has ${other}`,
          `send ${FIELDS.get(field)}, or raw bytes`,
        );
      }
      reader.skip();
    }
  }
}

function fieldOf(name: string, datatype: Datatype): number {
  if (datatype !== 'FP16') return FIELD_OF[datatype];
  throw new InferenceMessageError(
    `The tensor "${shortened(name)}" is FP16, which only raw bytes can carry`,
    'send raw contents, or FP32',
  );
}

function readTexts(tensor: Typed, field: number, parts: readonly Uint8Array[]): Uint8Array[] {
  const { count } = tensor;
  const texts: Uint8Array[] = [];
  for (const reader of fieldsOf(tensor, field, parts)) {
    if (texts.length === count) throw wrongCount(tensor, `more than ${count}`);
    texts.push(reader.view());
  }
  if (texts.length < count) throw wrongCount(tensor, String(texts.length));
  return texts;
}

/** Compared by bits, because NaN has several bit patterns. */
function readFloats(
  tensor: Typed,
  size: number,
  field: number,
  parts: readonly Uint8Array[],
): TensorData {
  const { name, datatype, count } = tensor;
  const single = size === 4 ? WIRE.fixed32 : WIRE.fixed64;
  const bytes = new Uint8Array(count * size);
  let at = 0;
  for (const reader of fieldsOf(tensor, field, parts)) {
    const block = reader.type === single ? reader.fixed(size) : reader.view();
    if (at + block.length > bytes.length) throw wrongCount(tensor, `more than ${count}`);
    bytes.set(block, at);
    at += block.length;
  }
  return readRaw(name, datatype, count, bytes.subarray(0, at));
}

type Put = (reader: WireReader, at: number) => void;

/** Stores the number that has just been read. */
function integers(tensor: Typed, out: NumericData): Put {
  const { name, datatype } = tensor;
  if (out instanceof BigInt64Array || out instanceof BigUint64Array) {
    const words = new Uint32Array(out.buffer);
    return (reader, at) => {
      words[2 * at] = littleEndian ? reader.low : reader.high;
      words[2 * at + 1] = littleEndian ? reader.high : reader.low;
    };
  }
  if (datatype === 'BOOL') {
    return (reader, at) => {
      out[at] = (reader.low | reader.high) === 0 ? 0 : 1;
    };
  }
  const signed = datatype.startsWith('INT');
  return (reader, at) => {
    const value = signed ? reader.low | 0 : reader.low;
    out[at] = value;
    if (out[at] === value) return;
    throw new InferenceMessageError(
      `Element ${at} of the tensor "${shortened(name)}" is ${value}, which does not fit ${datatype}`,
      'send numbers that fit its datatype',
    );
  };
}

function wrongCount({ name, count }: Typed, found: string): InferenceMessageError {
  return new InferenceMessageError(
    `The tensor "${shortened(name)}" has ${found} elements, but its shape requires ${count}`,
    'send as many elements as the shape requires',
  );
}
