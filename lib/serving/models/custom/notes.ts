import { createRequire } from 'node:module';

// The compiler keeps its notes on types with reflect-metadata, which Nest installs. A script
// without Nest may not have it.
try {
  createRequire(import.meta.url)('reflect-metadata');
} catch {}

/** The compiler's note on a class or a member, e.g. under `design:returntype`. */
export function typeNote(key: string, target: object, member?: string): unknown {
  const { getMetadata } = Reflect as {
    getMetadata?: (key: string, target: object, member?: string) => unknown;
  };
  return getMetadata?.(key, target, member);
}

// A symbol that all copies of this package share, on the class itself.

export function setNote(key: string, target: object, value: unknown): void {
  Object.defineProperty(target, Symbol.for(key), { value, configurable: true });
}

/** The note on the target itself, not on what it inherits from. */
export function noteOf<T>(key: string, target: object): T | undefined {
  return Object.getOwnPropertyDescriptor(target, Symbol.for(key))?.value as T | undefined;
}
