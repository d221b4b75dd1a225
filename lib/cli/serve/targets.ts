import { Tag, type Model, type ModelStore } from '../../serving/store/index.js';
import { distinctNames } from '../../nest/playground/distinct-names.js';
import { CommandError } from '../errors.js';
import { firstLearnerFlag, learnerOptionsOf, type LearnerFlags } from '../learner-options.js';
import { openStore, type StoreOptions } from '../options.js';
import { resolveSource } from '../source/resolve-source.js';
import type { Source } from '../source/source.js';

/** A model that is served. */
export interface ServedTarget {
  readonly name: string;
  /** As its runner is injected. */
  readonly tag: string;
  readonly model: Model;
}

/** What is served, and the store that has all of it. */
export interface ServedTargets {
  readonly store: ModelStore;
  readonly targets: readonly ServedTarget[];
  /** Removes what was fetched for this call. */
  cleanup(): Promise<void>;
}

/**
 * Finds what is to be served. Tags alone are served from their store, and followed where it is
 * watched; with files among them, all are served from a store of this process.
 *
 * @throws CommandError
 */
export async function findTargets(
  given: readonly string[],
  options: StoreOptions & LearnerFlags & { readonly watch?: boolean | undefined },
): Promise<ServedTargets> {
  const sources: { target: string; source: Source }[] = [];
  for (const target of given)
    sources.push({ target, source: await resolveSource(target, options) });
  const names = distinctNames(sources.map(({ source }) => source.name));
  const cleanup = async (): Promise<void> => {
    for (const { source } of sources) await source.cleanup();
  };
  const flag = firstLearnerFlag(options);
  const stored = sources.find(({ source }) => source.model !== undefined);
  if (flag !== undefined && stored) {
    throw new CommandError(
      `${flag} is for files, and ${stored.target} is in the store with its own options`,
      `Import it again with ${flag}, or serve the file`,
    );
  }
  const file = sources.find(({ source }) => source.model === undefined);
  if (file === undefined) {
    const targets = sources.map(({ target, source }, i) => {
      return { name: names[i]!, tag: String(Tag.parse(target)), model: source.model! };
    });
    return { store: await openStore(options), targets, cleanup };
  }
  if (options.watch === true) {
    throw new CommandError(
      `--watch follows the versions of a store, and ${file.target} is in none`,
      'Serve tags alone, or leave --watch out',
    );
  }
  const { PrivateStore } = await import('./private-store.js');
  const own = await PrivateStore.create();
  const targets: ServedTarget[] = [];
  for (const [i, { source }] of sources.entries()) {
    const name = names[i]!;
    const model = source.model
      ? await own.addModel(source.model)
      : await own.addFile(name, source.file, source.versions, learnerOptionsOf(options));
    targets.push({ name, tag: String(model.tag), model });
  }
  return { store: own.store, targets, cleanup };
}
