import { pathToFileURL } from 'node:url';
import { InvalidRunnableError } from '../errors.js';
import {
  anything,
  checkOptions,
  count,
  oneOf,
  valueThat,
  type OptionTable,
} from '../../options.js';
import { defineRunnable, runnableMethodsOf, type RunnableClass } from './definition.js';
import { Tag } from '../../store/tag.js';
import { RunnableClassesStorage } from './runnable-classes.storage.js';

const OPTIONS: OptionTable<RunnableOptions> = {
  name: anything,
  workers: count,
  isolation: oneOf('thread', 'process'),
  module: valueThat(isModule, 'use import.meta.url'),
  params: anything,
};
/**
 * Members of every runner, which a method of the same name would hide. `then` would make the runner
 * a promise.
 */
const TAKEN = ['tag', 'ready', 'stats', 'method', 'open', 'close', 'run', 'asyncRun', 'then'];
const HOOKS = ['onRunnableInit', 'onRunnableDestroy', 'constructor'];

/** @publicApi */
export interface RunnableOptions {
  /**
   * The name of its runner, in `runners` of the module's options, in logs and probes.
   *
   * @default the class's name in lower case
   */
  name?: string;
  /**
   * The number of workers. Each loads the module of the class and holds an instance of the class.
   *
   * @default none: the class is constructed in the application, with injection, and its methods run
   * there; with `module` or `isolation`, as for models
   */
  workers?: number;
  /**
   * Whether the workers are threads of this process or separate processes; see `RunnerOptions`.
   *
   * @default 'thread'
   */
  isolation?: 'thread' | 'process';
  /**
   * `import.meta.url` of the module that exports the class; workers load the class from it. By
   * default the module is taken from the call stack. If a worker thread cannot load that module, as
   * under a test runner that compiles TypeScript, the class runs in the application, with a
   * warning.
   */
  module?: string;
  /** Plain data that is passed to the constructor, instead of injection. */
  params?: unknown;
}

/**
 * Makes a class a custom runnable, which is served with workers, batching, time limits and probes,
 * like any model. Register it with `VtsModule.forRoot({ runnables: [MyRunnable] })`, and inject its
 * runner with `@Runner(MyRunnable)`.
 *
 * Workers have no Nest: they construct the class with `params`, or with nothing. Load a model in
 * {@link OnRunnableInit}, and release it in {@link OnRunnableDestroy}. Options in `runners` of the
 * module override these.
 *
 * @throws InvalidRunnableError, InvalidTagError where the class is declared.
 *
 * @example
 * \@Runnable({ workers: 1, module: import.meta.url }) export class Summarizer { \@RunnableMethod()
 * async summarize(text: string): Promise<string> { … } }
 *
 * @publicApi
 */
export function Runnable(options: RunnableOptions = {}) {
  const declaredIn = callerOf(Runnable);
  return (target: RunnableClass): void => {
    const refuse = (fact: string, remedy: string): never => {
      throw new InvalidRunnableError(target.name, fact, remedy);
    };
    checkOptions(OPTIONS, options, (option, fact, remedy) => refuse(`${option} ${fact}`, remedy));
    const { name = target.name, workers, isolation, module, params } = options;
    const methods = runnableMethodsOf(target);
    if (methods.size === 0) {
      refuse('it has no runnable method', 'decorate at least one with @RunnableMethod()');
    }
    for (const method of methods.keys()) {
      if (HOOKS.includes(method))
        refuse(`${method}() is a hook`, 'leave @RunnableMethod out there');
      if (TAKEN.includes(method)) {
        refuse(`runners already have a member "${method}"`, `give ${method}() another name`);
      }
    }
    defineRunnable(target, {
      // In lower case, as in BentoML, without the warning that a tag with capitals gives.
      name: new Tag(name.toLowerCase()).name,
      workers,
      isolation,
      module: module === undefined ? undefined : urlOf(module),
      declaredIn,
      params,
      methods,
    });
    RunnableClassesStorage.add(target);
  };
}

function isModule(value: unknown): value is string {
  return (
    typeof value === 'string' &&
    (value.startsWith('file:') || value.startsWith('/') || /^[a-z]:\\/i.test(value))
  );
}

function urlOf(module: string): string {
  return module.startsWith('file:') ? module : pathToFileURL(module).href;
}

/** The module that called the function, as a URL; undefined if the stack does not name a file. */
function callerOf(callee: (...args: never[]) => unknown): string | undefined {
  const { prepareStackTrace } = Error;
  const holder: { stack?: unknown } = {};
  try {
    Error.prepareStackTrace = (_error, sites) => sites[0]?.getFileName();
    Error.captureStackTrace(holder, callee);
    const file = holder.stack;
    return isModule(file) ? urlOf(file) : undefined;
  } finally {
    Error.prepareStackTrace = prepareStackTrace;
  }
}
