import type { PyValue } from '../python.js';
import type { Cursor } from './cursor.js';
import { integerFromBytes, parseFloat64, parseInteger } from './numbers.js';
import { Op, opTable } from './opcodes.js';
import { decodeQuotedBytes, decodeRawUnicodeEscape, decodeUtf8 } from './text.js';

/** The most bytes of one integer; the largest in practice are 128-bit hashes. */
const MAX_INTEGER_BYTES = 4096;

/** The scalars that opcodes push: numbers, texts and bytes. */
const SCALARS = opTable<(cursor: Cursor) => PyValue>([
  [Op.NONE, () => null],
  [Op.NEWTRUE, () => true],
  [Op.NEWFALSE, () => false],
  [
    Op.INT,
    (cursor) => {
      const line = cursor.line();
      return line === '01' ? true : line === '00' ? false : readInteger(cursor, line);
    },
  ],
  [Op.BININT, (cursor) => cursor.int32()],
  [Op.BININT1, (cursor) => cursor.uint8()],
  [Op.BININT2, (cursor) => cursor.uint16()],
  [Op.LONG, (cursor) => readInteger(cursor, cursor.line().replace(/[lL]\s*$/, ''))],
  [Op.LONG1, (cursor) => integerFromBytes(cursor.bytes(cursor.uint8()))],
  [Op.LONG4, (cursor) => readLong(cursor, signed(cursor))],
  [Op.FLOAT, (cursor) => parsed(cursor, parseFloat64(cursor.line()), 'a number')],
  [Op.BINFLOAT, (cursor) => cursor.float64()],

  [Op.UNICODE, (cursor) => parsed(cursor, decodeRawUnicodeEscape(cursor.line()), 'a text')],
  [Op.SHORT_BINUNICODE, (cursor) => cursor.utf8(cursor.uint8())],
  [Op.BINUNICODE, (cursor) => cursor.utf8(cursor.uint32())],
  [Op.BINUNICODE8, (cursor) => cursor.utf8(cursor.length64())],
  [
    Op.STRING,
    (cursor) => python2String(parsed(cursor, decodeQuotedBytes(cursor.line()), 'a text')),
  ],
  [Op.SHORT_BINSTRING, (cursor) => python2String(cursor.bytes(cursor.uint8()))],
  [Op.BINSTRING, (cursor) => python2String(cursor.bytes(signed(cursor)))],
  [Op.SHORT_BINBYTES, (cursor) => cursor.bytes(cursor.uint8())],
  [Op.BINBYTES, (cursor) => cursor.bytes(cursor.uint32())],
  [Op.BINBYTES8, (cursor) => cursor.bytes(cursor.length64())],
  [Op.BYTEARRAY8, (cursor) => cursor.bytes(cursor.length64())],
]);

/** The number, text or bytes that an opcode pushes; undefined for other opcodes. */
export function readScalar(op: number, cursor: Cursor): PyValue | undefined {
  return SCALARS[op]?.(cursor);
}

/** The memo index that a GET or PUT of any kind names. */
export function readMemoIndex(op: number, cursor: Cursor): number {
  switch (op) {
    case Op.BINGET:
    case Op.BINPUT:
      return cursor.uint8();
    case Op.LONG_BINGET:
    case Op.LONG_BINPUT:
      return cursor.uint32();
    default:
      return Number(readInteger(cursor, cursor.line()));
  }
}

/** A decimal integer of protocol 0. */
function readInteger(cursor: Cursor, text: string): number | bigint {
  return parsed(cursor, parseInteger(text), 'an integer');
}

function readLong(cursor: Cursor, length: number): number | bigint {
  if (length > MAX_INTEGER_BYTES) throw cursor.corrupt(`an integer has ${length} bytes`);
  return integerFromBytes(cursor.bytes(length));
}

/** A length in four bytes; the format allows negative ones. */
function signed(cursor: Cursor): number {
  const length = cursor.int32();
  if (length < 0) throw cursor.corrupt('a length is negative');
  return length;
}

function parsed<T>(cursor: Cursor, value: T | undefined, what: string): T {
  if (value === undefined) throw cursor.corrupt(`${what} cannot be read`);
  return value;
}

/** Python 2's `str` is text if it is UTF-8 (as torch.load assumes), otherwise bytes. */
function python2String(bytes: Uint8Array): PyValue {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return decodeUtf8(buffer, 0, buffer.length) ?? bytes;
}
