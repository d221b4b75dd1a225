/** Without a prototype, so that no key of a file, such as `__proto__`, can reach one. */
export function record<T>(entries: Iterable<readonly [string, T]> = []): Record<string, T> {
  const result = Object.create(null) as Record<string, T>;
  for (const [key, value] of entries) result[key] = value;
  return result;
}

/** YAML maps (read as `Map`s, also nested ones) as records; other values are unchanged. */
export function fromMaps(value: unknown): unknown {
  if (value instanceof Map) {
    return record([...value].map(([key, item]) => [String(key), fromMaps(item)] as const));
  }
  return Array.isArray(value) ? value.map(fromMaps) : value;
}

/** Whether a value is an object made of plain keys: a literal, or one without prototype. */
export function isPlainObject(value: unknown): value is Record<string, unknown> {
  if (typeof value !== 'object' || value === null) return false;
  const prototype: unknown = Object.getPrototypeOf(value);
  // The second test is for objects of another realm, such as those of a test runner's sandbox.
  return (
    prototype === null ||
    prototype === Object.prototype ||
    Object.getPrototypeOf(prototype as object) === null
  );
}
