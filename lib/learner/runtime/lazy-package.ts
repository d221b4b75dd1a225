import { createRequire } from 'node:module';

const require = createRequire(import.meta.url);

/** A dependency that synchronous code loads on first use. */
export function lazyPackage<Package>(name: string): () => Package {
  let loaded: Package | undefined;
  return () => (loaded ??= require(name) as Package);
}
