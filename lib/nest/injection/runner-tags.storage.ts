import { Tag } from '../../serving/store/index.js';
import { VTS_RUNNER_TAGS } from '../vts.constants.js';
import { injectionsOf, noteInjection } from '../../serving/models/custom/injection-notes.js';

/**
 * Tags that any class of this process has named: a module makes a provider of each when it is
 * scanned. It is the price of `@Runner` without a registration; a tag of another application
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

/** Notes on a class that it injects the runner. */
export function addRunnerTag(target: object, tag: string): void {
  noteInjection(VTS_RUNNER_TAGS, target, tag);
}

/** Tags of the runners that a class and its ancestors inject. */
export function runnerTagsOf(target: unknown): string[] {
  return injectionsOf(VTS_RUNNER_TAGS, target);
}
