import { Tag } from '../../serving/store/index.js';
import { VTS_RUNNER_TAGS } from '../vts.constants.js';
import { injectionsOf, noteInjection } from '../../serving/models/custom/injection-notes.js';

/**
 * The tags that classes of this process have named. A module creates a provider for each when it is
 * scanned. This is the price of `@Runner` without registration: a tag of another application
 * becomes a provider that is never opened.
 */
export class RunnerTagsStorage {
  static readonly #tags = new Set<string>();

  static add(tag: string): void {
    this.#tags.add(tag);
  }

  static all(): string[] {
    return [...this.#tags];
  }
}

/** A tag with its version: `iris` is `iris:latest`. @throws InvalidTagError */
export function normalizeTag(tag: string | Tag): string {
  const { name, version = 'latest' } = Tag.parse(tag);
  return `${name}:${version}`;
}

/** Records that a class injects the runner. */
export function addRunnerTag(target: object, tag: string): void {
  noteInjection(VTS_RUNNER_TAGS, target, tag);
}

/** The tags of the runners that a class and its ancestors inject. */
export function runnerTagsOf(target: unknown): string[] {
  return injectionsOf(VTS_RUNNER_TAGS, target);
}
