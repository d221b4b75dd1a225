/** Notes on a class what it injects, under a key of metadata. */
export function noteInjection(key: string, target: object, value: unknown): void {
  const own = (Reflect.getOwnMetadata(key, target) as Set<unknown> | undefined) ?? [];
  Reflect.defineMetadata(key, new Set([...own, value]), target);
}

/** What a class and its ancestors inject. */
export function injectionsOf<T>(key: string, target: unknown): T[] {
  const values = new Set<T>();
  for (
    let current = target;
    typeof current === 'function' && current !== Function.prototype;
    current = Object.getPrototypeOf(current)
  ) {
    const own = Reflect.getOwnMetadata(key, current) as Set<T> | undefined;
    for (const value of own ?? []) values.add(value);
  }
  return [...values];
}
