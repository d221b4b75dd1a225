import { Option } from 'commander';
import type { ModelStore } from '../serving/store/index.js';
import { CommandError } from './errors.js';
import type { OutputFormat } from './output/print.js';

export interface StoreOptions {
  readonly home?: string;
}

export function homeOption(): Option {
  return new Option(
    '--home <folder>',
    'folder of the model store (default: VTS_HOME, else ~/vtsserving)',
  );
}

export async function openStore({ home }: StoreOptions): Promise<ModelStore> {
  const { ModelStore } = await import('../serving/store/index.js');
  return new ModelStore(home);
}

export function outputOption(
  standard: OutputFormat = 'table',
  choices: readonly string[] = ['table', 'json', 'yaml'],
): Option {
  return new Option('-o, --output <format>', 'format of the result')
    .choices(choices)
    .default(standard);
}

/**
 * Options of the form `key=value`.
 *
 * @throws CommandError for one without "=".
 */
export function pairs(given: readonly string[] = [], option: string): [string, string][] {
  return given.map((pair) => {
    const at = pair.indexOf('=');
    if (at < 1) {
      throw new CommandError(`"${pair}" is not of the form key=value`, `Write ${option} key=value`);
    }
    return [pair.slice(0, at), pair.slice(at + 1)];
  });
}
