import { realpathSync } from 'node:fs';
import { pathToFileURL } from 'node:url';
import type { RunnerOptions } from '../../runner/runner-options-types.js';
import { usableCores } from '../../runner/pool/cores.js';
import { InvalidRunnableError } from '../errors.js';
import { InvalidRunnerOptionError } from '../../runner/errors.js';
import type { RunnableClass, RunnableDefinition } from './definition.js';
import { typeNote } from './notes.js';
import { resolveRunnerOptions, type ResolvedRunnerOptions } from '../../runner/runner-options.js';

/** Options that a runnable's own code handles. */
const OWN_AFFAIR = [
  'threads',
  'executionProviders',
  'strict',
  'onnx',
  'precision',
  'quantize',
  'graphOptimizationLevel',
] as const;

const MODULE_REMEDY = 'name it with @Runnable({ module: import.meta.url })';

/** How a runnable runs, with all defaults. */
export interface RunnablePlan {
  readonly options: ResolvedRunnerOptions;
  readonly params: unknown;
  /** The module that workers load; undefined if the runnable runs in the application. */
  readonly module: string | undefined;
  /** Whether it runs in the application if a worker cannot load the module. */
  readonly mayFallBack: boolean;
  /** Why it runs in the application although the options ask for workers. */
  readonly noWorkers: string | undefined;
}

/**
 * Decides where a runnable runs: in workers if the class or the module's options say so, else in
 * the application.
 *
 * @throws InvalidRunnerOptionError, InvalidRunnableError
 */
export function planRunnable(
  runnable: RunnableClass,
  definition: RunnableDefinition,
  given: RunnerOptions = {},
): RunnablePlan {
  const { name } = definition;
  for (const key of OWN_AFFAIR) {
    if (given[key] !== undefined) {
      const fact = `${key} is for models, but ${runnable.name} is a custom runnable`;
      throw new InvalidRunnerOptionError(name, fact, `leave it out, and give params to the class`);
    }
  }
  if (given.remote !== undefined) {
    const options = resolveRunnerOptions(name, given);
    const nothing = { params: undefined, module: undefined, noWorkers: undefined };
    return { ...nothing, options, mayFallBack: false };
  }
  const { params = definition.params, ...rest } = given;
  const workers = given.workers ?? definition.workers;
  const isolation = given.isolation ?? definition.isolation;
  const options = resolveRunnerOptions(
    name,
    { ...rest, workers, isolation, threads: 1 },
    // Calls may wait for something other than a core.
    Math.max(usableCores(), typeof workers === 'number' ? workers : 1),
  );
  const local = { options, params, module: undefined, mayFallBack: false };
  if (workers === undefined && isolation === undefined && definition.module === undefined) {
    return { ...local, noWorkers: undefined };
  }
  if (params === undefined) checkConstructor(runnable);
  const refuse = (fact: string, remedy: string): never => {
    throw new InvalidRunnableError(runnable.name, fact, remedy);
  };
  const module = definition.module ?? definition.declaredIn;
  // The options ask for a separate process to contain crashes, so the code must not run here.
  const mayFallBack = definition.module === undefined && isolation !== 'process';
  const fact =
    module === undefined
      ? 'the call stack does not name its module'
      : module === programUrl()
        ? 'its module is the program itself, which a worker would start again'
        : undefined;
  if (fact === undefined) return { options, params, module, mayFallBack, noWorkers: undefined };
  const remedy = module === undefined ? MODULE_REMEDY : 'move it into a module of its own';
  return mayFallBack ? { ...local, noWorkers: `${fact}; ${remedy}` } : refuse(fact, remedy);
}

/** The main module of the process. */
function programUrl(): string | undefined {
  const [, program] = process.argv;
  try {
    return program === undefined ? undefined : pathToFileURL(realpathSync(program)).href;
  } catch {
    return undefined;
  }
}

/** Workers have no injection. */
function checkConstructor(runnable: RunnableClass): void {
  const types = (typeNote('design:paramtypes', runnable) ?? []) as unknown[];
  const tokens = (typeNote('self:paramtypes', runnable) ?? []) as unknown[];
  const plain: unknown[] = [undefined, Object, String, Number, Boolean, Array];
  if (tokens.length === 0 && types.every((type) => plain.includes(type))) return;
  throw new InvalidRunnableError(
    runnable.name,
    'its constructor has injected parameters, but workers have no dependency injection',
    'give it params, plain data, or leave workers out',
  );
}
