import { Inject, Injectable } from '@nestjs/common';
import type {
  ServedRepository,
  ServedRunner,
  ServedRunners,
} from '../../serving/open-inference/contract.js';
import type { RunnerHandle } from '../../serving/runner/runner-types.js';
import { ModelStore, Tag } from '../../serving/store/index.js';
import { RunnableRegistry } from '../injection/runnable.registry.js';
import { RunnerRegistry } from '../injection/runner.registry.js';
import { VTS_OPEN_INFERENCE } from '../vts.constants.js';
import type { OpenInferenceOptions } from './open-inference-options.js';
import { StoreRepository } from './store-repository.js';

/** The version of custom runnables, which do not have their own. */
const ONLY_VERSION = '1';

/** The runners of an application that clients may call by the protocol. */
@Injectable()
export class RegistryRunners implements ServedRunners {
  readonly repository?: ServedRepository;
  readonly #own: ReadonlySet<string>;
  #listed: { readonly state: string; readonly list: readonly ServedRunner[] } | undefined;

  constructor(
    @Inject(VTS_OPEN_INFERENCE) private readonly options: OpenInferenceOptions,
    @Inject(RunnerRegistry) private readonly registry: RunnerRegistry,
    @Inject(RunnableRegistry) private readonly runnables: RunnableRegistry,
    @Inject(ModelStore) store: ModelStore,
  ) {
    this.#own = new Set(options.models);
    // Before the registry opens the used runners; a failure there ends the start.
    for (const tag of options.models) registry.feature(tag).catch(() => undefined);
    if (options.repository) {
      this.repository = new StoreRepository(store, registry, () => this.list());
    }
  }

  list(): readonly ServedRunner[] {
    const models = [...this.registry.models].filter(([tag]) => this.#serves(tag));
    // Every request needs it, and it hardly ever changes.
    const state = models.map(([tag, runner]) => `${tag}>${runner.tag}`).join(' ');
    if (this.#listed?.state !== state) this.#listed = { state, list: this.#list(models) };
    return this.#listed.list;
  }

  #list(models: readonly (readonly [string, RunnerHandle])[]): readonly ServedRunner[] {
    const byName = new Map<string, ServedRunner[]>();
    for (const [wanted, runner] of models) {
      const { name, version = ONLY_VERSION } = Tag.parse(runner.tag);
      const versions = byName.get(name) ?? [];
      const latest = Tag.parse(wanted).isLatest;
      const same = versions.findIndex((other) => other.version === version);
      // A tag and the tag of the newest version may name the same model. Clients see it once.
      if (same < 0) versions.push({ name, version, latest, runner });
      else if (latest) versions[same] = { name, version, latest, runner };
      byName.set(name, versions);
    }
    const served = [...byName.values()].flatMap((versions) => this.#withLatest(versions));
    return [...served, ...this.#custom(new Set(byName.keys()))];
  }

  #serves(tag: string): boolean {
    return this.options.injected || this.#own.has(tag) || this.registry.wasLoaded(tag);
  }

  /** If no tag asks for the newest version, it is the one that was created last. */
  #withLatest(versions: ServedRunner[]): ServedRunner[] {
    if (versions.some(({ latest }) => latest)) return versions;
    const created = versions.map(({ runner }) => this.registry.createdAt(runner.tag) ?? 0);
    const newest = created.indexOf(Math.max(...created));
    return versions.map((version, at) => ({ ...version, latest: at === newest }));
  }

  /** A model of the same name takes precedence. */
  #custom(taken: ReadonlySet<string>): ServedRunner[] {
    if (!this.options.injected) return [];
    return [...this.runnables.used]
      .filter(([name]) => !taken.has(name))
      .map(([name, runner]: [string, RunnerHandle]) => {
        return { name, version: ONLY_VERSION, latest: true, runner };
      });
  }
}
