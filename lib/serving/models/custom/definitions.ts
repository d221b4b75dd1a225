import type { RunnerHandle } from '../../runner/runner-types.js';
import type { RunnableMethodDefinition } from './definition.js';

/** A method of a runnable, as its runner calls it. */
export interface ServedRunnableMethod extends RunnableMethodDefinition {
  /** The largest number of rows in a run; 0 if calls run alone. */
  readonly maxBatchSize: number;
}

type Methods = ReadonlyMap<string, ServedRunnableMethod>;

// Not a member of the runners, because methods of runnables may have any name.
const methods = new WeakMap<RunnerHandle, Methods>();

export function noteMethods(runner: RunnerHandle, of: Methods): void {
  methods.set(runner, of);
}

/** The methods behind a runner of a custom runnable; undefined for other runners. */
export function methodsOfRunner(runner: RunnerHandle): Methods | undefined {
  return methods.get(runner);
}
