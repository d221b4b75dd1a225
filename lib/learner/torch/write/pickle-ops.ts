import { Cursor } from '../pickle/cursor.js';
import { Op } from '../pickle/opcodes.js';
import { readMemoIndex, readScalar } from '../pickle/scalars.js';

/** One opcode of a pickle with its argument. */
export interface PickleOp {
  readonly code: number;
  readonly start: number;
  readonly end: number;
  /** The memo index that a GET or PUT names, or the protocol. */
  readonly number: number | undefined;
  /** The text of an opcode that pushes one. */
  readonly text: string | undefined;
}

/** The opcodes of a pickle that the machine has already read. */
export function* pickleOps(bytes: Uint8Array): Generator<PickleOp> {
  const cursor = new Cursor('<part>', bytes);
  for (let code: number | undefined; code !== Op.STOP;) {
    const start = cursor.position;
    code = cursor.uint8();
    const scalar = readScalar(code, cursor);
    const number = scalar === undefined ? readArgument(code, cursor) : undefined;
    const text = typeof scalar === 'string' ? scalar : undefined;
    yield { code, start, end: cursor.position, number, text };
  }
}

/**
 * Skips the argument of an opcode that does not push a scalar; returns its number if it has one.
 */
function readArgument(code: number, cursor: Cursor): number | undefined {
  switch (code) {
    case Op.PROTO:
      return cursor.uint8();
    case Op.GET:
    case Op.BINGET:
    case Op.LONG_BINGET:
    case Op.PUT:
    case Op.BINPUT:
    case Op.LONG_BINPUT:
      return readMemoIndex(code, cursor);
    case Op.FRAME:
      cursor.length64();
      return undefined;
    case Op.GLOBAL:
    case Op.INST:
      cursor.line();
      cursor.line();
      return undefined;
    case Op.PERSID:
      cursor.line();
      return undefined;
    default:
      return undefined;
  }
}
