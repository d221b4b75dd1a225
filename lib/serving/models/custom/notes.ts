import { createRequire } from 'node:module';

// What the compiler notes of types is kept by reflect-metadata, which Nest brings along. A script
// without Nest need not have it.
try {
  createRequire(import.meta.url)('reflect-metadata');
} catch {
  // Types are unknown then.
}

/** What the compiler noted of a class or of a member, e.g. under `design:returntype`. */
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
