import { Option } from 'commander';
import type { OutputFormat } from './output/print.js';

export const TARGET = 'a tag, or a file, folder or address as import takes them';

export function outputOption(
  standard: OutputFormat = 'table',
  choices: readonly string[] = ['table', 'json', 'yaml'],
): Option {
  return new Option('-o, --output <format>', 'format of the result')
    .choices(choices)
    .default(standard);
}

/** What a command needs is loaded when it runs, so that help is there at once. */
export function lazy<Args extends unknown[]>(
  load: () => Promise<(...args: Args) => Promise<void>>,
): (...args: Args) => Promise<void> {
  return async (...args) => (await load())(...args);
}
