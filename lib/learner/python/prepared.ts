import type { Handle } from './handler.js';
import type { Code, Handler, Instruction } from './instructions.js';

/** Code that is ready to run: every jump target and variable exists. */
export interface Prepared {
  readonly code: Code;
  /** Facts about its parameters, which every call needs. */
  readonly argCount: number;
  readonly kwOnlyCount: number;
  readonly freeCount: number;
  /** Whether it takes exactly that many positional arguments, and nothing else. */
  readonly isPlain: boolean;
  readonly isGenerator: boolean;
  readonly isAsync: boolean;
  readonly isFunction: boolean;
  readonly instructions: readonly Instruction[];
  /** The handler of each instruction. */
  readonly handles: readonly Handle<Instruction>[];
  readonly lines: readonly number[];
  readonly handlers: readonly Handler[];
  readonly slotNames: readonly string[];
  readonly firstFree: number;
}
