/** What walks a value or writes it again does so by recursion, and needs a bound. */
export const MOST_LEVELS = 512;

/** Whether objects and lists of a value are within each other more often than is taken. */
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
