import type { ModelStore } from '../serving/store/index.js';
import { CommandError } from './errors.js';

export interface StoreOptions {
  readonly home?: string;
}

export async function openStore({ home }: StoreOptions): Promise<ModelStore> {
  const { ModelStore } = await import('../serving/store/index.js');
  return new ModelStore(home);
}

/** Options of the form `key=value`. @throws CommandError for one without "=". */
export function pairs(given: readonly string[] = [], option: string): [string, string][] {
  return given.map((pair) => {
    const at = pair.indexOf('=');
    if (at < 1) {
      throw new CommandError(`"${pair}" is not of the form key=value`, `Write ${option} key=value`);
    }
    return [pair.slice(0, at), pair.slice(at + 1)];
  });
}
