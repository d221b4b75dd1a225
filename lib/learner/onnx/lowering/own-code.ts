import type { Context } from '../../python/context.js';
import type { Value } from '../../python/values.js';
import type { Module } from '../../torch/module.js';
import type { Flow } from './context.js';

/** The definitions in the user's own files. */
export interface OwnSources {
  /** `Net` of `__main__`, or of the file that is called as the module. */
  lookup(ctx: Context, module: string, name: string): Value | undefined;
  /** One of the files as a module, for imports. */
  module?(ctx: Context, path: string): Value | undefined;
  /** Equal for equal files: part of the key of cached models. */
  readonly fingerprint: string;
}

/** Lowers modules whose class has its own code. */
export interface OwnCode {
  /** Undefined if the module is known, or has no code. */
  lower(module: Module, inputs: readonly Flow[]): Flow | undefined;
  /** Calls the module's `reset()`, if it has one. */
  reset(module: Module): void;
  /** Whether any code was found so far. */
  readonly followed: boolean;
}
