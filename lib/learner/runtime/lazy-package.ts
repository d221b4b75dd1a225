import { createRequire } from 'node:module';

const require = createRequire(import.meta.url);

/** A dependency that is loaded when it is first asked for, by code that cannot wait for an import. */
export function lazyPackage<Package>(name: string): () => Package {
  let loaded: Package | undefined;
  return () => (loaded ??= require(name) as Package);
}
