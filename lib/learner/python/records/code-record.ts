import { PyObject, qualifiedNameOf, type PyValue } from '../../torch/python.js';
import { decodeCode, RawCode, type CodeArgument, type CodeVersion } from '../bytecode/index.js';
import { UnreadableCodeError } from '../errors.js';
import type { Code } from '../instructions.js';
import type { Value } from '../values.js';

/** The most levels of functions within functions. */
const DEEPEST = 100;

function isCodeRecord(record: PyValue | undefined): record is PyObject {
  return record instanceof PyObject && qualifiedNameOf(record.cls) === 'types.CodeType';
}

/** A record of `types.CodeType(...)` as code; reading its instructions throws if it is invalid. */
export function codeOf(
  record: PyValue | undefined,
  version: CodeVersion,
  valueOf: (items: readonly PyValue[], index: number) => Value,
): Code {
  try {
    if (!isCodeRecord(record)) throw new UnreadableCodeError('a function', 'it has no code object');
    return decodeCode(rawCode(record, valueOf, 0), version);
  } catch (error) {
    if (!(error instanceof UnreadableCodeError)) throw error;
    return unreadable(error);
  }
}

function rawCode(
  record: PyObject,
  valueOf: (items: readonly PyValue[], index: number) => Value,
  depth: number,
): RawCode {
  if (depth > DEEPEST) {
    throw new UnreadableCodeError('a function', `functions are nested more than ${DEEPEST} deep`);
  }
  const argument = (arg: PyValue): CodeArgument => {
    if (Array.isArray(arg)) {
      return arg.map((item, index) =>
        isCodeRecord(item) ? rawCode(item, valueOf, depth + 1) : valueOf(arg, index),
      );
    }
    return typeof arg === 'number' ||
      typeof arg === 'bigint' ||
      typeof arg === 'string' ||
      arg instanceof Uint8Array
      ? arg
      : undefined;
  };
  return new RawCode(record.args.map(argument));
}

/** Unreadable code may belong to a function that is never called. */
function unreadable(error: UnreadableCodeError): Code {
  return {
    name: error.what,
    qualname: error.what,
    fileName: '',
    firstLine: 0,
    argCount: 0,
    posOnlyCount: 0,
    kwOnlyCount: 0,
    hasVarArgs: true,
    hasVarKwargs: true,
    isGenerator: false,
    isAsync: false,
    isFunction: true,
    slotNames: ['args', 'kwargs'],
    freeCount: 0,
    get instructions(): never {
      throw error;
    },
    get lines(): never {
      throw error;
    },
    get handlers(): never {
      throw error;
    },
  };
}
