import { UnreadableCodeError } from '../errors.js';
import type { Value } from '../values.js';

/**
 * The arguments of `types.CodeType`: numbers, texts, bytes and tuples; constants may be code
 * themselves.
 */
export type CodeArgument =
  bigint | number | string | Uint8Array | readonly (Value | RawCode)[] | undefined;

/** The number of arguments in 3.7, in 3.8 to 3.10, and in 3.11 and later. */
export type CodeLayout = 15 | 16 | 18;

/** Two bytes per instruction; no real function comes close. */
const LONGEST_CODE = 2 ** 20;
const MOST_NAMES = 2 ** 16;

/** A code object of CPython in a file; the kinds of its parts are checked. */
export class RawCode {
  readonly layout: CodeLayout;
  readonly argCount: number;
  readonly posOnlyCount: number;
  readonly kwOnlyCount: number;
  readonly stackSize: number;
  readonly flags: number;
  readonly code: Uint8Array;
  readonly consts: readonly (Value | RawCode)[];
  readonly names: readonly string[];
  readonly varNames: readonly string[];
  readonly fileName: string;
  readonly name: string;
  readonly qualname: string;
  readonly firstLine: number;
  readonly lineTable: Uint8Array;
  readonly exceptionTable: Uint8Array;
  readonly freeVars: readonly string[];
  readonly cellVars: readonly string[];

  /** @throws UnreadableCodeError */
  constructor(args: readonly CodeArgument[]) {
    const given = new Arguments(args);
    this.layout = given.layout;
    this.argCount = given.count('argcount');
    this.posOnlyCount = this.layout > 15 ? given.count('posonlyargcount') : 0;
    this.kwOnlyCount = given.count('kwonlyargcount');
    const localCount = given.count('nlocals');
    this.stackSize = given.count('stacksize');
    this.flags = given.count('flags');
    this.code = given.bytes('code');
    this.consts = given.tuple('consts');
    this.names = given.texts('names');
    this.varNames = given.texts('varnames');
    this.fileName = given.text('filename');
    this.name = given.text('name');
    this.qualname = this.layout === 18 ? given.text('qualname') : this.name;
    this.firstLine = given.line();
    this.lineTable = given.bytes('line table');
    this.exceptionTable = this.layout === 18 ? given.bytes('exception table') : new Uint8Array();
    this.freeVars = given.texts('freevars');
    this.cellVars = given.texts('cellvars');
    if (localCount !== this.varNames.length) throw this.error('nlocals and varnames differ');
    const { argCount, kwOnlyCount, posOnlyCount, flags } = this;
    const parameters = argCount + kwOnlyCount + ((flags >> 2) & 1) + ((flags >> 3) & 1);
    if (parameters > localCount || posOnlyCount > argCount) {
      throw this.error('it has more parameters than variables');
    }
  }

  error(reason: string): UnreadableCodeError {
    return new UnreadableCodeError(this.qualname, reason);
  }
}

/** Takes the arguments one by one. */
class Arguments {
  readonly layout: CodeLayout;
  readonly #what: string;
  #at = 0;

  constructor(private readonly args: readonly CodeArgument[]) {
    const { length } = args;
    const name = args[length === 18 ? 12 : length === 16 ? 11 : 10];
    this.#what = typeof name === 'string' ? name : 'a function';
    if (length !== 15 && length !== 16 && length !== 18) {
      throw this.#error(`it has ${length} parts, but Python 3.7 to 3.14 writes 15, 16 or 18`);
    }
    this.layout = length;
  }

  count(name: string): number {
    const value = this.#integer(name);
    if (value < 0 || value >= 2 ** 31) throw this.#error(`its ${name} is ${value}`);
    return value;
  }

  line(): number {
    return this.#integer('first line');
  }

  bytes(name: string): Uint8Array {
    const value = this.args[this.#at++];
    if (!(value instanceof Uint8Array)) throw this.#error(`its ${name} is not bytes`);
    if (value.length > LONGEST_CODE) {
      throw this.#error(`its ${name} has ${value.length} bytes, more than ${LONGEST_CODE}`);
    }
    return value;
  }

  text(name: string): string {
    const value = this.args[this.#at++];
    if (typeof value !== 'string') throw this.#error(`its ${name} is not a text`);
    return value;
  }

  tuple(name: string): readonly (Value | RawCode)[] {
    const value = this.args[this.#at++];
    if (!Array.isArray(value)) throw this.#error(`its ${name} are not a tuple`);
    if (value.length > LONGEST_CODE) throw this.#error(`it has ${value.length} ${name}`);
    return value as readonly (Value | RawCode)[];
  }

  texts(name: string): readonly string[] {
    const values = this.tuple(name);
    if (values.length > MOST_NAMES) throw this.#error(`it has ${values.length} ${name}`);
    if (!values.every((value) => typeof value === 'string')) {
      throw this.#error(`its ${name} are not all texts`);
    }
    return values;
  }

  #integer(name: string): number {
    const value = Number(this.args[this.#at++]);
    if (!Number.isSafeInteger(value)) throw this.#error(`its ${name} is not an integer`);
    return value;
  }

  #error(reason: string): UnreadableCodeError {
    return new UnreadableCodeError(this.#what, reason);
  }
}
