import { Option } from 'commander';
import type { OutputFormat } from './output/print.js';

export const TARGET = 'a tag, file, folder or URL, as for import';

export function outputOption(
  standard: OutputFormat = 'table',
  choices: readonly string[] = ['table', 'json', 'yaml'],
): Option {
  return new Option('-o, --output <format>', 'format of the result')
    .choices(choices)
    .default(standard);
}

/** A command loads its code when it runs, so help appears at once. */
export function lazy<Args extends unknown[]>(
  load: () => Promise<(...args: Args) => Promise<void>>,
): (...args: Args) => Promise<void> {
  return async (...args) => (await load())(...args);
}
