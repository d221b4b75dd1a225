import { CommandError } from './errors/cli.error.js';

/**
 * Options of the form `key=value`.
 *
 * @throws CommandError for one without "=".
 */
export function pairs(given: readonly string[] | undefined, option: string): [string, string][] {
  return (given ?? []).map((pair) => {
    const at = pair.indexOf('=');
    if (at < 1) {
      throw new CommandError(`"${pair}" is no key=value`, `Write ${option} key=value`);
    }
    return [pair.slice(0, at), pair.slice(at + 1)];
  });
}
