import type { PyValue } from '../python.js';
import type { Cursor } from './cursor.js';
import { integerFromBytes, parseFloat64, parseInteger } from './numbers.js';
import { Op } from './opcodes.js';
import { decodeQuotedBytes, decodeRawUnicodeEscape, decodeUtf8 } from './text.js';

/** Bytes that one integer may have; the largest in practice are 128-bit hashes. */
const MAX_INTEGER_BYTES = 4096;

/** What an opcode pushes: a number, text or bytes; undefined for the other opcodes. */
export function readScalar(op: number, cursor: Cursor): PyValue | undefined {
  switch (op) {
    case Op.NONE:
      return null;
    case Op.NEWTRUE:
      return true;
    case Op.NEWFALSE:
      return false;
    case Op.INT: {
      const line = cursor.line();
      return line === '01' ? true : line === '00' ? false : readInteger(cursor, line);
    }
    case Op.BININT:
      return cursor.int32();
    case Op.BININT1:
      return cursor.uint8();
    case Op.BININT2:
      return cursor.uint16();
    case Op.LONG:
      return readInteger(cursor, cursor.line().replace(/[lL]\s*$/, ''));
    case Op.LONG1:
      return integerFromBytes(cursor.bytes(cursor.uint8()));
    case Op.LONG4:
      return readLong(cursor, signed(cursor));
    case Op.FLOAT:
      return parsed(cursor, parseFloat64(cursor.line()), 'a number');
    case Op.BINFLOAT:
      return cursor.float64();

    case Op.UNICODE:
      return parsed(cursor, decodeRawUnicodeEscape(cursor.line()), 'a text');
    case Op.SHORT_BINUNICODE:
      return cursor.utf8(cursor.uint8());
    case Op.BINUNICODE:
      return cursor.utf8(cursor.uint32());
    case Op.BINUNICODE8:
      return cursor.utf8(cursor.length64());
    case Op.STRING:
      return python2String(parsed(cursor, decodeQuotedBytes(cursor.line()), 'a text'));
    case Op.SHORT_BINSTRING:
      return python2String(cursor.bytes(cursor.uint8()));
    case Op.BINSTRING:
      return python2String(cursor.bytes(signed(cursor)));
    case Op.SHORT_BINBYTES:
      return cursor.bytes(cursor.uint8());
    case Op.BINBYTES:
      return cursor.bytes(cursor.uint32());
    case Op.BINBYTES8:
    case Op.BYTEARRAY8:
      return cursor.bytes(cursor.length64());
    default:
      return undefined;
  }
}

/** The memo index that a GET or PUT of any kind names. */
export function readMemoIndex(op: number, cursor: Cursor): number {
  switch (op) {
    case Op.GET:
    case Op.PUT:
      return Number(readInteger(cursor, cursor.line()));
    case Op.BINGET:
    case Op.BINPUT:
      return cursor.uint8();
    default:
      return cursor.uint32();
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

/** A length in four bytes, which the format lets be negative. */
function signed(cursor: Cursor): number {
  const length = cursor.int32();
  if (length < 0) throw cursor.corrupt('a length is negative');
  return length;
}

function parsed<T>(cursor: Cursor, value: T | undefined, what: string): T {
  if (value === undefined) throw cursor.corrupt(`${what} cannot be read`);
  return value;
}

/** Python 2's `str` is text when it is UTF-8 (what torch.load assumes), else bytes. */
function python2String(bytes: Uint8Array): PyValue {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return decodeUtf8(buffer, 0, buffer.length) ?? bytes;
}
