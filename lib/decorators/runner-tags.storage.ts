import { Tag } from '../store/index.js';
import { VTS_RUNNER_TAGS } from '../vts.constants.js';

/**
 * Tags that any class of this process has named: a module makes a provider of each when it is scanned. It is
 * the price of `@Runner` without a registration; a tag of another application becomes a provider that is never opened.
 *
 * @internal
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

/** A tag with its version: `iris` is `iris:latest`. @throws InvalidTagError @internal */
export function normalizeTag(tag: string | Tag): string {
  const { name, version = 'latest' } = Tag.parse(tag);
  return `${name}:${version}`;
}

/** Notes on a class that it injects the runner. @internal */
export function addRunnerTag(target: object, tag: string): void {
  const own = (Reflect.getOwnMetadata(VTS_RUNNER_TAGS, target) as Set<string> | undefined) ?? [];
  Reflect.defineMetadata(VTS_RUNNER_TAGS, new Set([...own, tag]), target);
}

/** Tags of the runners that a class and its ancestors inject. @internal */
export function runnerTagsOf(target: unknown): string[] {
  const tags = new Set<string>();
  for (
    let current = target;
    typeof current === 'function' && current !== Function.prototype;
    current = Object.getPrototypeOf(current)
  ) {
    const own = Reflect.getOwnMetadata(VTS_RUNNER_TAGS, current) as Set<string> | undefined;
    for (const tag of own ?? []) tags.add(tag);
  }
  return [...tags];
}
