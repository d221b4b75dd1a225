import { InvalidModuleOptionError } from '../http/errors.js';

/**
 * The path of a route of the module, without slashes at its ends.
 *
 * @throws InvalidModuleOptionError where it is none.
 */
export function checkedPath(option: string, given: unknown): string {
  const path = typeof given === 'string' ? given.replace(/^\/+|\/+$/g, '') : '';
  if (!/^[\w.~-]+(\/[\w.~-]+)*$/.test(path)) {
    throw new InvalidModuleOptionError(
      option,
      `is ${JSON.stringify(given)}`,
      'use a path of letters, digits, ., _, ~ and -, such as "internal/health"',
    );
  }
  return path;
}
