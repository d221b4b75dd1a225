import { listed, shortened } from '../../../learner/errors/index.js';
import { type Model, ModelStore } from '../../../serving/store/index.js';
import { Tag } from '../../../serving/store/tag.js';
import type { RunnerHandle } from '../../../serving/runner/runner-types.js';
import { batchRunner } from '../worker/chunk-workers.js';
import { bytesOf, identityOf } from './digest.js';
import type { BatchOrder } from './payload.js';

type Wanted = BatchOrder['model'];

/** A search that found nothing is not repeated for this long. */
const SEARCH_MS = 10_000;

/** The models of a worker: those of a folder, and those of the store. */
export class WorkerModels {
  /** Digests by folder: models do not change. */
  readonly #digests = new Map<string, string>();
  readonly #searched = new Map<string, number>();

  constructor(
    private readonly given: readonly Model[],
    private readonly store: ModelStore,
  ) {}

  static async open(
    home: string | undefined,
    modelsDir: string | undefined,
  ): Promise<WorkerModels> {
    let given: readonly Model[] = [];
    if (modelsDir !== undefined) {
      const { findTargets } = await import('../../serve/targets.js');
      given = (await findTargets([], { modelsDir })).targets.map(({ model }) => model);
    }
    return new WorkerModels(given, new ModelStore(home));
  }

  get names(): string[] {
    return this.given.map(({ tag }) => String(tag));
  }

  /** The model with a digest; undefined if none exists, or if none existed some seconds ago. */
  async find(wanted: Wanted): Promise<Model | undefined> {
    const { digest, bytes } = wanted;
    if (performance.now() - (this.#searched.get(digest) ?? -Infinity) < SEARCH_MS) return undefined;
    for (const model of [...this.given, ...(await this.#stored(wanted))]) {
      // Only a possible match is read as a whole.
      if ((await bytesOf(model).catch(() => undefined)) !== bytes) continue;
      if ((await this.#digestOf(model)) === digest) return model;
    }
    if (this.#searched.size >= 1000) this.#searched.clear();
    this.#searched.set(digest, performance.now());
    return undefined;
  }

  /** The models with that name that exist here instead, for messages. */
  async similar({ tag }: Wanted): Promise<string> {
    const stored = await this.#stored({ tag } as Wanted);
    const names = [...this.given, ...stored].map((model) => String(model.tag));
    return names.length === 0 ? 'no model' : `other models: ${listed([...new Set(names)])}`;
  }

  /** From the store, only models with that name: it may have thousands. */
  async #stored({ tag }: Wanted): Promise<Model[]> {
    let name: string;
    try {
      name = Tag.parse(tag).name;
    } catch {
      return [];
    }
    return this.store.list(name).catch(() => []);
  }

  async #digestOf(model: Model): Promise<string> {
    const known = this.#digests.get(model.path);
    if (known !== undefined) return known;
    const { digest } = await identityOf(model);
    this.#digests.set(model.path, digest);
    return digest;
  }
}

interface Loaded {
  readonly runner: Promise<RunnerHandle>;
  users: number;
}

/** Models stay loaded between chunks. Those that were unused for the longest time are dropped. */
export class LoadedModels {
  readonly #loaded = new Map<string, Loaded>();

  constructor(
    private readonly most: number,
    private readonly workers: number,
  ) {}

  /** Uses a model, and loads it first if necessary. */
  async use<T>(model: Model, work: (runner: RunnerHandle) => Promise<T>): Promise<T> {
    const found = this.#loaded.get(model.path) ?? { runner: this.#open(model), users: 0 };
    // The last entry of the map is the one that was used last.
    this.#loaded.delete(model.path);
    this.#loaded.set(model.path, found);
    found.users++;
    try {
      return await work(await found.runner);
    } catch (error) {
      // A model that did not open is tried again.
      await found.runner.catch(() => this.#loaded.delete(model.path));
      throw error;
    } finally {
      found.users--;
      await this.#drop(this.most);
    }
  }

  async close(): Promise<void> {
    await this.#drop(0);
  }

  async #open(model: Model): Promise<RunnerHandle> {
    const runner = batchRunner(model, this.workers);
    try {
      await runner.open();
    } catch (error) {
      await runner.close();
      throw error;
    }
    return runner;
  }

  async #drop(most: number): Promise<void> {
    const idle = [...this.#loaded].filter(([, { users }]) => users === 0);
    for (const [path, { runner }] of idle.slice(0, Math.max(0, this.#loaded.size - most))) {
      this.#loaded.delete(path);
      await runner.then((opened) => opened.close()).catch(() => undefined);
    }
  }
}

/** A reason for people, in one line. */
export function lackOf(wanted: Wanted, instead: string): string {
  return `The model ${shortened(wanted.tag)} (sha256 ${wanted.digest.slice(0, 12)}…) is not here, but ${instead}.`;
}
