import { Op } from '../pickle/opcodes.js';

/** One opcode of a pickle with its argument. */
export interface PickleOp {
  readonly code: number;
  readonly start: number;
  readonly end: number;
  /** The argument's number, of opcodes that have one: a memo index, a count. */
  readonly number?: number;
  /** The argument's text, of opcodes that push one. */
  readonly text?: string;
}

/** Bytes of arguments of a fixed size. */
const FIXED: ReadonlyMap<number, number> = new Map([
  [Op.PROTO, 1],
  [Op.BININT1, 1],
  [Op.BINGET, 1],
  [Op.BINPUT, 1],
  [Op.EXT1, 1],
  [Op.BININT2, 2],
  [Op.EXT2, 2],
  [Op.BININT, 4],
  [Op.LONG_BINGET, 4],
  [Op.LONG_BINPUT, 4],
  [Op.EXT4, 4],
  [Op.BINFLOAT, 8],
  [Op.FRAME, 8],
]);

/** Bytes of the length in front of arguments of other sizes. */
const COUNTED: ReadonlyMap<number, number> = new Map([
  [Op.SHORT_BINBYTES, 1],
  [Op.SHORT_BINSTRING, 1],
  [Op.SHORT_BINUNICODE, 1],
  [Op.LONG1, 1],
  [Op.BINBYTES, 4],
  [Op.BINSTRING, 4],
  [Op.BINUNICODE, 4],
  [Op.LONG4, 4],
  [Op.BINUNICODE8, 8],
  [Op.BINBYTES8, 8],
  [Op.BYTEARRAY8, 8],
]);

/** Arguments that end with a line feed, and how many. */
const LINES: ReadonlyMap<number, number> = new Map([
  [Op.FLOAT, 1],
  [Op.INT, 1],
  [Op.LONG, 1],
  [Op.PERSID, 1],
  [Op.STRING, 1],
  [Op.UNICODE, 1],
  [Op.GET, 1],
  [Op.PUT, 1],
  [Op.GLOBAL, 2],
  [Op.INST, 2],
]);

const TEXTS = new Set<number>([Op.BINUNICODE, Op.SHORT_BINUNICODE, Op.BINUNICODE8]);
const NUMBERED_LINES = new Set<number>([Op.GET, Op.PUT]);

/** The opcodes of a pickle that has been read before: its lengths are known to be right. */
export function* pickleOps(bytes: Uint8Array): Generator<PickleOp> {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  for (let at = 0; at < buffer.length;) {
    const start = at;
    const code = buffer[at++]!;
    const fixed = FIXED.get(code);
    const counted = COUNTED.get(code);
    const lines = LINES.get(code) ?? 0;
    let number: number | undefined;
    let text: string | undefined;
    if (fixed !== undefined) {
      if (fixed <= 4) number = buffer.readUIntLE(at, fixed);
      at += fixed;
    } else if (counted !== undefined) {
      const length =
        counted === 8 ? Number(buffer.readBigUInt64LE(at)) : buffer.readUIntLE(at, counted);
      at += counted;
      if (TEXTS.has(code)) text = buffer.toString('utf8', at, at + length);
      at += length;
    } else {
      for (let line = 0; line < lines; line++) {
        const end = buffer.indexOf(0x0a, at);
        if (NUMBERED_LINES.has(code)) number = Number(buffer.toString('latin1', at, end));
        else if (code === Op.UNICODE) text = buffer.toString('utf8', at, end);
        at = end + 1;
      }
    }
    yield {
      code,
      start,
      end: at,
      ...(number === undefined ? {} : { number }),
      ...(text === undefined ? {} : { text }),
    };
    if (code === Op.STOP) return;
  }
}
