import type { Code } from '../instructions.js';
import type { RawCode } from './raw-code.js';
import { slotNamesOf } from './slots.js';
import { CodeVersion } from './version.js';

const VARARGS = 0x4;
const VARKEYWORDS = 0x8;
const GENERATOR = 0x20;
/** Coroutines, generators used as coroutines, and asynchronous generators. */
const ASYNC = 0x80 | 0x100 | 0x200;
const OPTIMIZED = 0x1;
const DOCSTRING = 0x4000000;

const decoded = new WeakMap<RawCode, Code>();

/**
 * A code object of CPython 3.7 to 3.14 as normalized code. Its instructions are decoded on first
 * use, which may throw.
 *
 * @param version what is known about the file of the code, shared by all its code
 */
export function decodeCode(raw: RawCode, version = new CodeVersion()): Code {
  let code = decoded.get(raw);
  if (!code) decoded.set(raw, (code = new DecodedCode(raw, version)));
  return code;
}

class DecodedCode implements Code {
  readonly slotNames: readonly string[];

  constructor(
    readonly raw: RawCode,
    private readonly version: CodeVersion,
  ) {
    this.slotNames = slotNamesOf(raw);
    version.add(raw);
  }

  get name(): string {
    return this.raw.name;
  }
  get qualname(): string {
    return this.raw.qualname;
  }
  /** Up to 3.13 the first constant, if that is a text; later versions have a flag. */
  get doc(): string | undefined {
    const [first] = this.raw.consts;
    const known = (this.raw.flags & DOCSTRING) !== 0 || Math.max(...this.version.possible) < 14;
    return known && this.isFunction && typeof first === 'string' ? first : undefined;
  }
  get fileName(): string {
    return this.raw.fileName;
  }
  get firstLine(): number {
    return this.raw.firstLine;
  }
  get argCount(): number {
    return this.raw.argCount;
  }
  get posOnlyCount(): number {
    return this.raw.posOnlyCount;
  }
  get kwOnlyCount(): number {
    return this.raw.kwOnlyCount;
  }
  get hasVarArgs(): boolean {
    return (this.raw.flags & VARARGS) !== 0;
  }
  get hasVarKwargs(): boolean {
    return (this.raw.flags & VARKEYWORDS) !== 0;
  }
  get isGenerator(): boolean {
    return (this.raw.flags & GENERATOR) !== 0;
  }
  get isAsync(): boolean {
    return (this.raw.flags & ASYNC) !== 0;
  }
  get isFunction(): boolean {
    return (this.raw.flags & OPTIMIZED) !== 0;
  }
  get freeCount(): number {
    return this.raw.freeVars.length;
  }
  get instructions() {
    return this.#body.instructions;
  }
  get lines() {
    return this.#body.lines;
  }
  get handlers() {
    return this.#body.handlers;
  }

  get #body() {
    return this.version.read(this.raw, (inner) => decodeCode(inner, this.version));
  }
}
