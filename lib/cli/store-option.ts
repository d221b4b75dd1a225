import { Option } from 'commander';
import type { ModelStore } from '../store/index.js';

/** Options that every command on a store has. @internal */
export interface StoreOptions {
  readonly home?: string;
}

/** @internal */
export function homeOption(): Option {
  return new Option(
    '--home <folder>',
    'folder of the model store (default: VTS_HOME, else ~/vtsserving)',
  );
}

/** @internal */
export async function openStore({ home }: StoreOptions): Promise<ModelStore> {
  const { ModelStore } = await import('../store/index.js');
  return new ModelStore(home);
}
