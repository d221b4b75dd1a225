import { CorruptTensorError } from '../errors.js';
import { shrink } from '../pickle/numbers.js';
import { PyObject, type PyValue } from '../python.js';

/** Readers of one value from an array's data buffers, by the type's name in Arrow. */
const READERS: ReadonlyMap<string, Reader> = new Map<string, Reader>([
  ['string', (buffers, i) => textAt(buffers, i, int32)],
  ['large_string', (buffers, i) => textAt(buffers, i, int64)],
  ['bool', ({ offsets }, i) => bitAt(offsets, i)],
  ['int8', ({ offsets }, i) => offsets.getInt8(i)],
  ['int16', ({ offsets }, i) => offsets.getInt16(i * 2, true)],
  ['int32', ({ offsets }, i) => int32(offsets, i)],
  ['int64', ({ offsets }, i) => shrink(offsets.getBigInt64(i * 8, true))],
  ['uint8', ({ offsets }, i) => offsets.getUint8(i)],
  ['uint16', ({ offsets }, i) => offsets.getUint16(i * 2, true)],
  ['uint32', ({ offsets }, i) => offsets.getUint32(i * 4, true)],
  ['uint64', ({ offsets }, i) => shrink(offsets.getBigUint64(i * 8, true))],
  ['float', ({ offsets }, i) => offsets.getFloat32(i * 4, true)],
  ['float32', ({ offsets }, i) => offsets.getFloat32(i * 4, true)],
  ['double', ({ offsets }, i) => offsets.getFloat64(i * 8, true)],
  ['float64', ({ offsets }, i) => offsets.getFloat64(i * 8, true)],
]);

type Reader = (buffers: Buffers, i: number) => PyValue;

interface Buffers {
  /** For texts; for other types the values themselves. */
  readonly offsets: DataView;
  readonly data: DataView;
}

/**
 * The values of a pickled pyarrow array or chunked array of texts, numbers or booleans; undefined
 * for other types. @throws CorruptTensorError when the buffers are too short.
 */
export function readArrowArray(
  array: PyValue | undefined,
  missing: PyValue,
): PyValue[] | undefined {
  if (!(array instanceof PyObject)) return undefined;
  const chunks = array.className === 'pyarrow.lib.chunked_array' ? array.args[0] : [array];
  if (!Array.isArray(chunks)) return undefined;
  const values: PyValue[] = [];
  for (const chunk of chunks) {
    const part = readChunk(chunk, missing);
    if (!part) return undefined;
    for (const value of part) values.push(value);
  }
  return values;
}

/** `_restore_array((type, length, nulls, offset, [validity, …], children, dictionary))`. */
function readChunk(chunk: PyValue, missing: PyValue): PyValue[] | undefined {
  if (!(chunk instanceof PyObject) || chunk.className !== 'pyarrow.lib._restore_array') {
    return undefined;
  }
  const parts = chunk.args.length === 1 ? chunk.args[0] : chunk.args;
  const [type, length, , offset, buffers] = Array.isArray(parts) ? parts : [];
  const read = READERS.get(type instanceof PyObject ? typeName(type) : '');
  const isPlain = typeof length === 'number' && typeof offset === 'number';
  if (!read || !isPlain || !Array.isArray(buffers)) return undefined;
  const [validity, offsets = EMPTY, data = EMPTY] = buffers.map(bufferOf);
  const held = { offsets, data };
  const values: PyValue[] = [];
  try {
    for (let i = offset; i < offset + length; i++) {
      values.push(validity && !bitAt(validity, i) ? missing : read(held, i));
    }
  } catch (error) {
    if (error instanceof RangeError) throw new CorruptTensorError('an Arrow array is too short');
    throw error;
  }
  return values;
}

const EMPTY = new DataView(new ArrayBuffer(0));

function typeName({ className, args }: PyObject): string {
  const [name] = args;
  return className === 'pyarrow.lib.type_for_alias' && typeof name === 'string' ? name : '';
}

function bufferOf(value: PyValue): DataView | undefined {
  const bytes =
    value instanceof PyObject && value.className === 'pyarrow.lib.py_buffer'
      ? value.args[0]
      : value;
  return bytes instanceof Uint8Array
    ? new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
    : undefined;
}

function bitAt(bits: DataView, i: number): boolean {
  return ((bits.getUint8(i >> 3) >> (i & 7)) & 1) === 1;
}

function int32(view: DataView, i: number): number {
  return view.getInt32(i * 4, true);
}

function int64(view: DataView, i: number): number {
  return Number(view.getBigInt64(i * 8, true));
}

function textAt(
  { offsets, data }: Buffers,
  i: number,
  offsetAt: (view: DataView, i: number) => number,
): string {
  const start = offsetAt(offsets, i);
  const end = offsetAt(offsets, i + 1);
  if (start < 0 || end < start || end > data.byteLength) throw new RangeError('text');
  return Buffer.from(data.buffer, data.byteOffset + start, end - start).toString('utf8');
}
