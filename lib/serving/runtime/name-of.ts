/** A value's kind, for messages. */
export function nameOf(value: unknown): string {
  if (value === null || value === undefined) return String(value);
  if (Array.isArray(value)) return 'an array';
  if (typeof value !== 'object') return `a ${typeof value}`;
  return `a ${(value.constructor as { name?: string } | undefined)?.name ?? 'object'}`;
}
