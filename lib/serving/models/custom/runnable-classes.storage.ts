import type { RunnableClass } from './definition.js';
import { injectionsOf, noteInjection } from './injection-notes.js';

/** Metadata of a class: the runnables whose runners it injects. */
const VTS_RUNNER_CLASSES = 'vts:runner-classes';

/**
 * The runnable classes of this process. A module creates a provider for each when it is scanned, as
 * for the tags of models. It never opens those that are not in its `runnables`.
 */
export class RunnableClassesStorage {
  static readonly #tokens = new Map<RunnableClass, symbol>();

  static add(runnable: RunnableClass): void {
    this.tokenOf(runnable);
  }

  /** The injection token of its runner: one per class, whatever the names of the classes. */
  static tokenOf(runnable: RunnableClass): symbol {
    let token = this.#tokens.get(runnable);
    if (token === undefined) {
      token = Symbol(`VtsRunner(${runnable.name})`);
      this.#tokens.set(runnable, token);
    }
    return token;
  }

  static all(): RunnableClass[] {
    return [...this.#tokens.keys()];
  }

  static classOf(token: unknown): RunnableClass | undefined {
    if (typeof token !== 'symbol') return undefined;
    for (const [runnable, own] of this.#tokens) if (own === token) return runnable;
    return undefined;
  }
}

export function addRunnableUse(target: object, runnable: RunnableClass): void {
  noteInjection(VTS_RUNNER_CLASSES, target, runnable);
}

/** The runnables whose runners a class and its ancestors inject. */
export function runnablesUsedBy(target: unknown): RunnableClass[] {
  return injectionsOf(VTS_RUNNER_CLASSES, target);
}
