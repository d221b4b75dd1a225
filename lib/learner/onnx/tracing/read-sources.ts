import type { CodeSources } from '../../python/code-source.js';
import type { OwnSources } from '../lowering/own-code.js';

/** Lists from {@link sharingCode}, with their files after the first use. */
const shared = new WeakMap<object, Promise<OwnSources> | undefined>();

/**
 * Options whose files are read once, on first use: all parts of a learner trace the same text, even
 * if the files change meanwhile.
 */
export function sharingCode<T extends { readonly code?: CodeSources | undefined }>(options: T): T {
  if (options.code === undefined) return options;
  const code = [options.code].flat();
  shared.set(code, undefined);
  return { ...options, code };
}

/** The contents of the user's own files; without files, nothing is loaded. */
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
