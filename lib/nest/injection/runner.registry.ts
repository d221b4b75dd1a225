import {
  Inject,
  Injectable,
  Logger,
  type OnApplicationShutdown,
  type OnModuleInit,
} from '@nestjs/common';
import { DiscoveryService } from '@nestjs/core';
import { tagOfToken } from './runner-token.js';
import { normalizeTag, runnerTagsOf } from './runner-tags.storage.js';
import type { RunnerHandle } from '../../serving/runner/runner-types.js';
import type { RunnerOptions } from '../../serving/runner/runner-options-types.js';
import type { VtsModuleOptions } from '../vts-module-options.interface.js';
import { registerLearnerSchema } from '../../serving/runtime/learner-schemas.js';
import { ModelStore, Tag, type Model, type ModelWatcher } from '../../serving/store/index.js';
import { VTS_LOG_CONTEXT, VTS_MODULE_OPTIONS } from '../vts.constants.js';
import { insideWorker } from '../../serving/runtime/inside-worker.js';
import { listed } from '../../learner/errors/index.js';
import { openedRemote } from '../../serving/remote/index.js';
import { DeferredRunner } from '../../serving/models/deferred-runner.js';
import { ApplicationInWorkerError } from '../../serving/models/errors.js';
import { RunnableRegistry } from './runnable.registry.js';

/**
 * The runners of one application. There is one for every tag; those that the application injects
 * are opened.
 */
@Injectable()
export class RunnerRegistry implements OnModuleInit, OnApplicationShutdown {
  readonly #logger = new Logger(VTS_LOG_CONTEXT);
  readonly #runners = new Map<string, DeferredRunner>();
  readonly #features = new Set<string>();
  readonly #watchers = new Map<string, ModelWatcher>();
  /** The tags whose runners a client has opened. */
  readonly #loaded = new Set<string>();
  /** Keyed by tags with versions, in milliseconds since 1970. */
  readonly #created = new Map<string, number>();
  /** The last loading or unloading, one at a time. */
  #changing: Promise<unknown> = Promise.resolve();
  /** The opening of the runners that did not have to wait for {@link onModuleInit}. */
  readonly #begun = new Map<string, number>();
  #started = false;

  constructor(
    @Inject(VTS_MODULE_OPTIONS) private readonly options: VtsModuleOptions,
    @Inject(ModelStore) private readonly store: ModelStore,
    @Inject(DiscoveryService) private readonly discovery: DiscoveryService,
    @Inject(RunnableRegistry) private readonly runnables: RunnableRegistry,
  ) {
    if (insideWorker()) throw new ApplicationInWorkerError();
  }

  /** The unopened runner of a tag. */
  get(tag: string): DeferredRunner {
    let runner = this.#runners.get(tag);
    if (runner === undefined) {
      const made = (runner = new DeferredRunner(tag, () => this.#find(tag)));
      this.#runners.set(tag, runner);
      registerLearnerSchema(tag, () => made.schema);
    }
    return runner;
  }

  /**
   * The runner of a tag that a module requests by name. It is opened with the others, or at once in
   * a module loaded later.
   */
  async feature(tag: string): Promise<DeferredRunner> {
    this.#features.add(tag);
    const runner = this.get(tag);
    if (this.#started) {
      await this.#open(tag, runner);
      this.#watch(tag);
    }
    return runner;
  }

  /** The runners that the application uses, by its tags for them. */
  get used(): ReadonlyMap<string, RunnerHandle> {
    return new Map<string, RunnerHandle>([...this.models, ...this.runnables.used]);
  }

  /** Those of them that run models from the store. */
  get models(): ReadonlyMap<string, DeferredRunner> {
    return new Map([...this.#runners].filter(([tag]) => this.#features.has(tag)));
  }

  /** When the model was saved, in milliseconds since 1970; undefined until it is found. */
  createdAt(tag: string): number | undefined {
    return this.#created.get(tag);
  }

  /** Whether the runner was opened by {@link load}. */
  wasLoaded(tag: string): boolean {
    return this.#loaded.has(tag);
  }

  /** Whether a class or factory of the application injects the runner. */
  injects(tag: string): boolean {
    return this.#injected().includes(tag);
  }

  /**
   * Opens the runner of a tag in a running application; if it is open, switches to a newer version.
   * The application stays ready meanwhile.
   *
   * @throws ModelNotFoundError, and the errors of opening it.
   */
  load(tag: string): Promise<void> {
    return this.#change(async () => {
      const known = this.models.get(tag);
      if (known !== undefined) {
        // Its server manages its versions.
        if (known.remote !== undefined) return;
        const model = await this.store.get(tag);
        if (String(model.tag) !== known.tag) await this.#takeUp(tag, known, model);
        return;
      }
      const runner = this.get(tag);
      try {
        await this.#open(tag, runner);
      } catch (error) {
        this.#runners.delete(tag);
        await runner.close(0);
        throw error;
      }
      this.#features.add(tag);
      this.#loaded.add(tag);
      this.#watch(tag);
    });
  }

  /** Closes the runner of a tag, which finishes its calls. */
  unload(tag: string): Promise<void> {
    return this.#change(async () => {
      const runner = this.models.get(tag);
      this.#features.delete(tag);
      this.#loaded.delete(tag);
      this.#runners.delete(tag);
      await this.#watchers.get(tag)?.close();
      this.#watchers.delete(tag);
      await runner?.close(this.options.shutdownTimeoutMs);
    });
  }

  /** Whether the models of all runners in use can run. */
  get ready(): boolean {
    return this.#started && [...this.used.values()].every((runner) => runner.ready);
  }

  /**
   * Lets workers load their models while the application sets up its routes and other modules.
   * {@link onModuleInit} reports the outcome. This runs after the application has been created:
   * before that, nobody could close it.
   */
  begin(): void {
    for (const tag of this.#injected()) this.#features.add(tag);
    // Runnables may be the application's own code, which expects Nest's order of initialization.
    for (const [tag, runner] of this.#runners) {
      if (!this.#features.has(tag)) continue;
      this.#begun.set(tag, performance.now());
      runner.open().catch(() => undefined);
    }
  }

  async onModuleInit(): Promise<void> {
    try {
      this.runnables.checkInjected();
    } catch (error) {
      await this.#close();
      throw error;
    }
    for (const tag of this.#injected()) this.#features.add(tag);
    this.#warnOfUnusedOptions();
    const opened = await Promise.allSettled(
      [...this.used].map(([tag, runner]) => this.#open(tag, runner)),
    );
    const failures = opened.filter((result) => result.status === 'rejected');
    if (failures[0] === undefined) {
      this.#started = true;
      for (const tag of this.#features) this.#watch(tag);
      return;
    }
    // The process is about to end, and no worker may be in native code then.
    await this.#close();
    for (const { reason } of failures.slice(1)) this.#logger.error(reason);
    throw failures[0].reason;
  }

  async onApplicationShutdown(): Promise<void> {
    await this.#close();
  }

  #change(change: () => Promise<void>): Promise<void> {
    const changed = this.#changing.then(change);
    this.#changing = changed.catch(() => undefined);
    return changed;
  }

  async #open(tag: string, runner: RunnerHandle): Promise<void> {
    const start = this.#begun.get(tag) ?? performance.now();
    await runner.open();
    const { remote } = runner;
    if (remote !== undefined) {
      // It has already reported that no server is ready; the application starts anyway.
      if (runner.ready) this.#logger.log(`Runner ${tag} is served by ${listed(remote)}`);
      return;
    }
    const { workers } = runner.stats;
    const ms = Math.round(performance.now() - start);
    const many = workers === 1 ? '1 worker' : `${workers} workers`;
    const found = runner.tag === tag ? '' : ` (${runner.tag})`;
    this.#logger.log(`Runner ${tag}${found} loaded in ${many}: ${ms} ms`);
  }

  async #close(): Promise<void> {
    const { shutdownTimeoutMs } = this.options;
    await Promise.all([...this.#watchers.values()].map((watcher) => watcher.close()));
    const runners = [...this.#runners.values(), ...this.runnables.used.values()];
    await Promise.all(runners.map((runner) => runner.close(shutdownTimeoutMs)));
  }

  /**
   * Follows newer versions of a name, if the application wants that and the tag does not name one
   * version.
   */
  #watch(tag: string): void {
    const runner = this.#runners.get(tag);
    if (this.options.watch !== true || runner === undefined || !Tag.parse(tag).isLatest) return;
    if (runner.remote !== undefined) return;
    const watcher = this.store.watch(tag, (model) => this.#takeUp(tag, runner, model), {
      known: Tag.parse(runner.tag),
      onError: (error) => {
        this.#logger.error(`Runner ${tag} stays on ${runner.tag}: ${error.message}`);
      },
    });
    this.#watchers.set(tag, watcher);
  }

  async #takeUp(tag: string, runner: DeferredRunner, model: Model): Promise<void> {
    const next = this.#runnerOf(tag, model);
    await next.open();
    this.#logger.log(`Runner ${tag} switches from ${runner.tag} to ${next.tag}`);
    await runner.replace(next);
  }

  async #find(tag: string): Promise<RunnerHandle> {
    const options = this.#optionsOf(tag);
    if (options?.remote !== undefined) {
      const { timeoutMs } = this.options;
      const all = timeoutMs === undefined ? options : { timeoutMs, ...options };
      return openedRemote(tag, all, (message) => this.#logger.warn(message));
    }
    return this.#runnerOf(tag, await this.store.get(tag));
  }

  #runnerOf(tag: string, model: Model): RunnerHandle {
    this.#created.set(String(model.tag), model.info.creationTime.getTime());
    return model.toRunner({
      ...(this.options.timeoutMs === undefined ? {} : { timeoutMs: this.options.timeoutMs }),
      ...this.#optionsOf(tag),
      warn: (message: string) => this.#logger.warn(message),
    }) as RunnerHandle;
  }

  #optionsOf(tag: string): RunnerOptions | undefined {
    const entries = Object.entries(this.options.runners ?? {});
    const name = tag.slice(0, tag.lastIndexOf(':'));
    const own = entries.find(([key]) => normalizeTag(key) === tag);
    return (own ?? entries.find(([key]) => key === name))?.[1];
  }

  /**
   * The tags that classes and factories of this application inject and that no test double
   * replaces.
   */
  #injected(): string[] {
    const wrappers = [...this.discovery.getProviders(), ...this.discovery.getControllers()];
    const injected = wrappers.flatMap(({ metatype, inject }) => [
      ...runnerTagsOf(metatype),
      ...(inject ?? []).map((token) => tagOfToken(tokenOf(token))),
    ]);
    const byRunnables = this.runnables.constructed.flatMap((runnable) => runnerTagsOf(runnable));
    return [...injected, ...byRunnables].filter((tag): tag is string => tag !== undefined);
  }

  #warnOfUnusedOptions(): void {
    for (const key of Object.keys(this.options.runners ?? {})) {
      const wanted = normalizeTag(key);
      if (this.runnables.names.includes(key)) continue;
      const used = [...this.#features].some(
        (tag) => tag === wanted || (!key.includes(':') && tag.startsWith(`${key}:`)),
      );
      if (!used) {
        this.#logger.warn(
          `The options of runner "${key}" are unused: no class injects that runner.`,
        );
      }
    }
  }
}

/** The token of an entry of a factory's `inject`, which may be optional. */
function tokenOf(entry: unknown): unknown {
  return typeof entry === 'object' && entry !== null && 'token' in entry ? entry.token : entry;
}
