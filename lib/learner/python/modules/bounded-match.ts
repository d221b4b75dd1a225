import { createContext, Script } from 'node:vm';
import type { Context } from '../context.js';
import type { PythonPattern } from '../regex/index.js';

/** That many steps of V8's engine take a few milliseconds at most. */
const HARMLESS = 1_000_000;

interface Box {
  run?: () => unknown;
}
let timed: { readonly box: Box; readonly script: Script } | undefined;

/**
 * The result of `match`. V8 does not count the steps of a regular expression, so a timer ends one
 * that may backtrack for long: the time limit of a script, which includes everything that the
 * script calls.
 *
 * @throws CodeBudgetError
 */
export function boundedMatch<T>(
  { budget }: Context,
  pattern: PythonPattern,
  text: string,
  match: () => T,
): T {
  const before = performance.now();
  if (text.length ** (pattern.growth + 1) <= HARMLESS) {
    const result = match();
    budget.matched(performance.now() - before);
    return result;
  }
  timed ??= { box: createContext({}) as Box, script: new Script('run()') };
  const { box, script } = timed;
  const results: T[] = [];
  box.run = () => results.push(match());
  try {
    script.runInContext(box, { timeout: budget.matchingTime() });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ERR_SCRIPT_EXECUTION_TIMEOUT') {
      budget.matched(Infinity);
    }
    throw error;
  } finally {
    delete box.run;
  }
  budget.matched(performance.now() - before);
  return results[0] as T;
}
