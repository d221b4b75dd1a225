import type { CodeSources } from '../../python/code-source.js';
import type { OwnSources } from '../lowering/own-code.js';

/** Lists made by {@link sharingCode}, with their files once somebody has asked for them. */
const shared = new WeakMap<object, Promise<OwnSources> | undefined>();

/**
 * Options whose files are read once, when they are first needed: all parts of a learner follow the
 * same text, whatever happens to the files meanwhile.
 */
export function sharingCode<T extends { readonly code?: CodeSources | undefined }>(options: T): T {
  if (options.code === undefined) return options;
  const code = [options.code].flat();
  shared.set(code, undefined);
  return { ...options, code };
}

/** The user's own files, read; nothing is loaded for them where there are none. */
export async function readSources(code: CodeSources | undefined): Promise<OwnSources | undefined> {
  if (code === undefined) return undefined;
  if (typeof code === 'string' || !shared.has(code)) return read(code);
  const files = shared.get(code) ?? read(code);
  shared.set(code, files);
  return files;
}

async function read(code: CodeSources): Promise<OwnSources> {
  const { SourceFiles } = await import('../../python/source/index.js');
  return SourceFiles.read(code);
}
