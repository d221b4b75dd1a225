import { randomBytes } from 'node:crypto';
import { fsync } from 'node:fs';
import { open, opendir, rename, rm, stat, writeFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { promisify } from 'node:util';

/** How often a step is retried after interference by another process. */
export const ATTEMPTS = 100;

/** Flushes a file or folder to its disk. */
export async function syncPath(path: string, kind: 'file' | 'folder'): Promise<void> {
  // Windows cannot open folders, and flushes their entries by itself.
  if (kind === 'folder' && process.platform === 'win32') return;
  const handle = await open(path, process.platform === 'win32' ? 'r+' : 'r');
  try {
    // Handles of Yarn's Plug'n'Play do not have `sync`.
    await promisify(fsync)(handle.fd);
  } finally {
    await handle.close();
  }
}

/** {@link syncPath} of a folder and all its contents, the folder last. */
export async function syncTree(folder: string): Promise<void> {
  for await (const entry of await opendir(folder)) {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) await syncTree(path);
    else if (entry.isFile()) await syncPath(path, 'file');
  }
  await syncPath(folder, 'folder');
}

/**
 * Replaces a file so that readers find the whole old or the whole new file, even after a crash.
 *
 * @param aside A folder on the same file system, for the new file while it is written.
 */
export async function replaceFile(path: string, text: string, aside: string): Promise<void> {
  const temporary = join(aside, `vts-file-${randomBytes(8).toString('hex')}`);
  try {
    await writeFile(temporary, text, { flush: true });
    await rename(temporary, path);
  } catch (error) {
    await rm(temporary, { force: true });
    throw error;
  }
  await syncPath(dirname(path), 'folder');
}

/** Runs `write` with a path beside a file, and deletes the file that it leaves there. */
export async function writeAside<T>(
  target: string,
  write: (aside: string) => Promise<T>,
): Promise<T> {
  const aside = join(dirname(target), `.${basename(target)}.${randomBytes(6).toString('hex')}`);
  try {
    return await write(aside);
  } finally {
    await rm(aside, { force: true });
  }
}

/** Whether a folder, or a link to one, exists. */
export async function isFolder(path: string): Promise<boolean> {
  return stat(path).then(
    (stats) => stats.isDirectory(),
    () => false,
  );
}

/** The system's code of an error, such as `ENOENT`. */
export function codeOf(error: unknown): string | undefined {
  const code: unknown = (error as { code?: unknown } | null | undefined)?.code;
  return typeof code === 'string' ? code : undefined;
}

/** Whether an error has one of these system codes. */
export function hasCode(error: unknown, ...codes: string[]): boolean {
  return codes.includes(codeOf(error) ?? '');
}
