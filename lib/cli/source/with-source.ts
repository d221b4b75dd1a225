import type { StoreOptions } from '../options.js';
import { resolveSource } from './resolve-source.js';
import type { Source } from './source.js';

/** Finds the file that a command works on, and cleans up after the work. */
export async function withSource<T>(
  target: string,
  options: StoreOptions,
  work: (source: Source) => Promise<T>,
): Promise<T> {
  const source = await resolveSource(target, options);
  try {
    return await work(source);
  } finally {
    await source.cleanup();
  }
}
