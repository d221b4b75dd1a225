import type { CodeSources } from '../../python/code-source.js';
import type { OwnSources } from '../lowering/own-code.js';

/** The user's own files, read; nothing is loaded for them where there are none. */
export async function readSources(code: CodeSources | undefined): Promise<OwnSources | undefined> {
  if (code === undefined) return undefined;
  const { SourceFiles } = await import('../../python/source/index.js');
  return SourceFiles.read(code);
}
