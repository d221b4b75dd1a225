import { isAbsolute, relative } from 'node:path';
import { codeOf } from './durable.js';
import { StoreWriteError } from './errors.js';

/**
 * The system's codes for a store that cannot be written. Other codes have nothing to do with the
 * store.
 */
const CODES = new Set('ENOSPC EDQUOT EACCES EPERM EROFS EXDEV ENOTDIR EEXIST'.split(' '));

/** Does some work on a store. @throws StoreWriteError for system errors of the store. */
export async function naming<T>(home: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    const code = codeOf(error);
    if (code === undefined || !CODES.has(code) || !isAbout(home, error)) throw error;
    throw new StoreWriteError(home, code, { cause: error });
  }
}

/** An error of write() does not name a path. Other errors name one path or two. */
function isAbout(home: string, error: unknown): boolean {
  const { path, dest } = error as { path?: unknown; dest?: unknown };
  if (path === undefined) return true;
  return [path, dest].some((each) => {
    if (typeof each !== 'string') return false;
    const inside = relative(home, each);
    return !inside.startsWith('..') && !isAbsolute(inside);
  });
}
