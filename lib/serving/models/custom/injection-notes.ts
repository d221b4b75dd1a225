import { noteOf, setNote } from './notes.js';

export function noteInjection(key: string, target: object, value: unknown): void {
  setNote(key, target, new Set([...(noteOf<Set<unknown>>(key, target) ?? []), value]));
}

/** What a class and its ancestors inject. */
export function injectionsOf<T>(key: string, target: unknown): T[] {
  const values = new Set<T>();
  for (
    let current = target;
    typeof current === 'function' && current !== Function.prototype;
    current = Object.getPrototypeOf(current)
  ) {
    for (const value of noteOf<Set<T>>(key, current) ?? []) values.add(value);
  }
  return [...values];
}
