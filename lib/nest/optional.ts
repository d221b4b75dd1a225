import { createRequire } from 'node:module';
import { MissingPackageError } from './http/errors.js';

/** Peers that an application installs only if it uses the features that need them. */
interface OptionalPackages {
  '@nestjs/bullmq': {
    getSharedConfigToken(key?: string): string;
    getQueueToken(name?: string): string;
  };
  '@nestjs/platform-fastify': typeof import('@nestjs/platform-fastify');
  '@nestjs/swagger': typeof import('@nestjs/swagger');
  'class-transformer': typeof import('class-transformer');
  'class-validator': typeof import('class-validator');
}

// Decorators and constructors cannot wait for an import().
const require = createRequire(import.meta.url);

const hidden = new Set<keyof OptionalPackages>();

/** Treats a package as missing, because it would load a second copy of Nest. */
export function hide(name: keyof OptionalPackages): void {
  hidden.add(name);
}

/** The package; undefined if it is not installed. A broken package throws its own error. */
export function optional<Name extends keyof OptionalPackages>(
  name: Name,
): OptionalPackages[Name] | undefined {
  return find(name) === undefined ? undefined : (require(name) as OptionalPackages[Name]);
}

/** @throws MissingPackageError, which says that the feature needs the package. */
export function required<Name extends keyof OptionalPackages>(
  name: Name,
  feature: string,
): OptionalPackages[Name] {
  const found = optional(name);
  if (found === undefined) throw new MissingPackageError(name, feature);
  return found;
}

/** The file of a package that is not loaded yet. @throws MissingPackageError */
export function pathOf(name: keyof OptionalPackages, feature: string): string {
  const path = find(name);
  if (path === undefined) throw new MissingPackageError(name, feature);
  return path;
}

function find(name: keyof OptionalPackages): string | undefined {
  if (hidden.has(name)) return undefined;
  try {
    return require.resolve(name);
  } catch {
    return undefined;
  }
}
