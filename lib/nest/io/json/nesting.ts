/** Code that walks or writes a value uses recursion, and needs a bound. */
export const MOST_LEVELS = 512;

/** Whether the objects and lists of a value are nested too deep. */
export function isTooDeep(value: unknown): boolean {
  let level: readonly unknown[] = [value];
  for (let depth = 0; depth <= MOST_LEVELS; depth++) {
    level = level.flatMap((item) =>
      typeof item === 'object' && item !== null ? Object.values(item) : [],
    );
    if (level.length === 0) return false;
  }
  return true;
}
