import type { RepositoryModel } from '../../client/contract.js';
import { shortened, VtsError } from '../../learner/errors/index.js';
import type { ServedRepository, ServedRunner } from '../../serving/open-inference/contract.js';
import { Tag, type ModelStore } from '../../serving/store/index.js';
import { normalizeTag } from '../injection/runner-tags.storage.js';
import type { RunnerRegistry } from '../injection/runner.registry.js';
import { RepositoryRequestError } from './errors.js';

/** Loads and unloads models of a store for clients, if the application allows it. */
export class StoreRepository implements ServedRepository {
  constructor(
    private readonly store: ModelStore,
    private readonly registry: RunnerRegistry,
    private readonly served: () => readonly ServedRunner[],
  ) {}

  async index(): Promise<readonly RepositoryModel[]> {
    const served = this.served();
    const listed = served.map(({ name, version, runner: { ready } }): RepositoryModel => {
      return {
        name,
        version,
        state: ready ? 'READY' : 'UNAVAILABLE',
        reason: ready ? '' : 'not ready',
      };
    });
    const known = new Set(served.map(({ name, version }) => `${name}:${version}`));
    const others = (await this.store.list()).filter(({ tag }) => !known.has(String(tag)));
    const stored = others.map(({ tag: { name, version = '' } }): RepositoryModel => {
      return { name, version, state: 'UNAVAILABLE', reason: 'unloaded' };
    });
    return [...listed, ...stored];
  }

  /** @param name A model's name, or a tag. */
  async load(name: string): Promise<void> {
    const tag = tagOf(name);
    try {
      await this.registry.load(tag);
    } catch (error) {
      if (!(error instanceof VtsError)) throw error;
      throw new RepositoryRequestError(name, 'be loaded', error.message, { cause: error });
    }
  }

  async unload(name: string): Promise<void> {
    const wanted = Tag.parse(tagOf(name));
    const tags = [...this.registry.models.keys()].filter((tag) => {
      const { name: each, version } = Tag.parse(tag);
      return each === wanted.name && (!name.includes(':') || version === wanted.version);
    });
    if (tags.length === 0)
      throw new RepositoryRequestError(name, 'be unloaded', 'It is not loaded.');
    if (tags.some((tag) => this.registry.injects(tag))) {
      throw new RepositoryRequestError(
        name,
        'be unloaded',
        'The application itself uses it, so clients cannot unload it.',
      );
    }
    for (const tag of tags) await this.registry.unload(tag);
  }
}

/** @throws RepositoryRequestError */
function tagOf(name: string): string {
  try {
    return normalizeTag(name);
  } catch (error) {
    const fact = (error as Error).message;
    throw new RepositoryRequestError(shortened(name), 'be found', fact, { cause: error });
  }
}
