import type { Handle } from './handler.js';
import type { Code, Handler, Instruction } from './instructions.js';

/** Code that is ready to run: every jump and variable is one that exists. */
export interface Prepared {
  readonly code: Code;
  /** Of its parameters, which are asked for by every call. */
  readonly argCount: number;
  readonly kwOnlyCount: number;
  readonly freeCount: number;
  /** Whether it takes so many arguments, and nothing else. */
  readonly isPlain: boolean;
  readonly isGenerator: boolean;
  readonly isAsync: boolean;
  readonly isFunction: boolean;
  readonly instructions: readonly Instruction[];
  /** What each instruction does. */
  readonly handles: readonly Handle<Instruction>[];
  readonly lines: readonly number[];
  readonly handlers: readonly Handler[];
  readonly slotNames: readonly string[];
  readonly firstFree: number;
}
