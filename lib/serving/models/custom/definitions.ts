import type { RunnerHandle } from '../../runner/runner-types.js';
import type { RunnableMethodDefinition } from './definition.js';

/** A method of a runnable, as its runner calls it. */
export interface ServedRunnableMethod extends RunnableMethodDefinition {
  /** Rows that share a run; 0 where calls run alone. */
  readonly maxBatchSize: number;
}

type Methods = ReadonlyMap<string, ServedRunnableMethod>;

// No member of the runners: methods of runnables may have any name.
const methods = new WeakMap<RunnerHandle, Methods>();

export function noteMethods(runner: RunnerHandle, of: Methods): void {
  methods.set(runner, of);
}

/** The methods behind a runner of a custom runnable; undefined for other runners. */
export function methodsOfRunner(runner: RunnerHandle): Methods | undefined {
  return methods.get(runner);
}
