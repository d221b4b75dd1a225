import { Inject, Injectable, Logger } from '@nestjs/common';
import { DiscoveryService, ModuleRef } from '@nestjs/core';
import { checkRunnable } from './runner-token.js';
import {
  RunnableClassesStorage,
  runnablesUsedBy,
} from '../../serving/models/custom/runnable-classes.storage.js';
import type { VtsModuleOptions } from '../vts-module-options.interface.js';
import { VTS_LOG_CONTEXT, VTS_MODULE_OPTIONS, VTS_RUNNABLES } from '../vts.constants.js';
import { DuplicateRunnableError, RunnableNotRegisteredError } from '../../serving/models/errors.js';
import {
  runnableDefinitionOf,
  type RunnableClass,
  type RunnableDefinition,
} from '../../serving/models/custom/definition.js';
import { planRunnable } from '../../serving/models/custom/plan.js';
import { RunnableRunner } from '../../serving/models/custom/runner.js';

/** The custom runnables of one application, from its option `runnables`, each with its runner. */
@Injectable()
export class RunnableRegistry {
  readonly #logger = new Logger(VTS_LOG_CONTEXT);
  readonly #runners = new Map<RunnableClass, RunnableRunner>();

  /** @throws InvalidRunnableError, DuplicateRunnableError */
  constructor(
    @Inject(VTS_MODULE_OPTIONS) private readonly options: VtsModuleOptions,
    @Inject(VTS_RUNNABLES) private readonly runnables: readonly RunnableClass[],
    @Inject(ModuleRef) private readonly modules: ModuleRef,
    @Inject(DiscoveryService) private readonly discovery: DiscoveryService,
  ) {
    const byName = new Map<string, RunnableClass>();
    for (const runnable of new Set(runnables)) {
      checkRunnable(runnable);
      const { name } = definitionOf(runnable);
      const other = byName.get(name);
      if (other) throw new DuplicateRunnableError(name, [other.name, runnable.name]);
      byName.set(name, runnable);
    }
  }

  /**
   * The unopened runner of a runnable; undefined if it belongs to another application, because the
   * storage has all runnables of this process.
   */
  get(runnable: RunnableClass): RunnableRunner | undefined {
    if (!this.runnables.includes(runnable)) return undefined;
    let runner = this.#runners.get(runnable);
    if (runner === undefined) {
      runner = this.#runnerOf(runnable);
      this.#runners.set(runnable, runner);
    }
    return runner;
  }

  /** The names of all runnables of the application, including those that a test double replaces. */
  get names(): string[] {
    return this.runnables.map((runnable) => definitionOf(runnable).name);
  }

  /** The runners by their names. */
  get used(): ReadonlyMap<string, RunnableRunner> {
    return new Map([...this.#runners.values()].map((runner) => [runner.tag, runner]));
  }

  /** The classes that may be constructed in this application, with their injections. */
  get constructed(): RunnableClass[] {
    return [...this.#runners].filter(([, runner]) => runner.injects).map(([runnable]) => runnable);
  }

  /**
   * Checks that the application lists every runnable whose runner one of its classes or factories
   * injects.
   *
   * @throws RunnableNotRegisteredError
   */
  checkInjected(): void {
    const wrappers = [...this.discovery.getProviders(), ...this.discovery.getControllers()];
    for (const { metatype, inject } of wrappers) {
      const wanted = [
        ...runnablesUsedBy(metatype),
        ...(inject ?? []).map((token) => RunnableClassesStorage.classOf(tokenOf(token))),
      ];
      for (const runnable of wanted) {
        if (runnable === undefined || this.runnables.includes(runnable)) continue;
        if (!this.#replaced(runnable)) throw new RunnableNotRegisteredError(runnable.name);
      }
    }
  }

  /** A test double replaces its runner. */
  #replaced(runnable: RunnableClass): boolean {
    const token = RunnableClassesStorage.tokenOf(runnable);
    return this.modules.get<unknown>(token, { strict: false }) !== undefined;
  }

  #runnerOf(runnable: RunnableClass): RunnableRunner {
    const definition = definitionOf(runnable);
    const { timeoutMs, runners = {} } = this.options;
    const own = Object.hasOwn(runners, definition.name) ? runners[definition.name] : undefined;
    const given = { ...(timeoutMs === undefined ? {} : { timeoutMs }), ...own };
    return new RunnableRunner({
      runnable,
      definition,
      given,
      plan: planRunnable(runnable, definition, given),
      construct: () => this.#construct(runnable),
      warn: (message) => this.#logger.warn(message),
    });
  }

  /**
   * The application's own instance if there is one, because its module can inject more than this
   * one.
   */
  async #construct(runnable: RunnableClass): Promise<object> {
    const provided = this.discovery.getProviders().some(({ token }) => token === runnable);
    if (provided) return this.modules.get<object>(runnable, { strict: false });
    return this.modules.create(runnable as unknown as new () => object);
  }
}

function definitionOf(runnable: RunnableClass): RunnableDefinition {
  return runnableDefinitionOf(runnable) as RunnableDefinition;
}

/** The token of an entry of a factory's `inject`, which may be optional. */
function tokenOf(entry: unknown): unknown {
  return typeof entry === 'object' && entry !== null && 'token' in entry ? entry.token : entry;
}
