import type { Context } from './context.js';
import type { Frame } from './frame.js';
import type { Func, Instance, Kwargs, Value } from './values.js';

/** What parts of the evaluator use beyond {@link Context}. */
export interface Interpreter extends Context {
  /** The frame of the innermost running function. */
  readonly frame: Frame | undefined;
  /** The exception that is being handled: what a bare `raise` raises again. */
  handling: Instance | null;
  /** A builtin of Python: `len`. */
  builtin(name: string): Value | undefined;
  /** Runs until it returns or yields; `thrown` is raised where it resumes. */
  run(frame: Frame, thrown?: Instance): Value;
  /** A frame for a call; its arguments are bound. */
  enter(func: Func, args: readonly Value[], kwargs: Kwargs): Frame;
  /** `import name`, relative to the package of the globals if the level is above 0. */
  importModule(frame: Frame, name: string, level: number): Value;
  /** `path.name` of the closed tables, where `path` is a module. */
  nameBelow(path: string, name: string): Value | undefined;
  /** Raises an exception of Python that exists. */
  rethrow(exception: Instance): Error;
  /** The error of bytecode that no compiler makes. */
  damaged(reason: string): Error;
}
