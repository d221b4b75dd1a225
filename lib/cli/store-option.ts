import { Option } from 'commander';
import type { ModelStore } from '../serving/store/index.js';

/** Options that every command on a store has. */
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
