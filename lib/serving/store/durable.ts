import { randomBytes } from 'node:crypto';
import { open, opendir, rename, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';

/** Writes what the system holds of a file or folder to its disk. */
export async function syncPath(path: string, kind: 'file' | 'folder'): Promise<void> {
  // Windows opens no folders, and flushes their entries by itself.
  if (kind === 'folder' && process.platform === 'win32') return;
  const handle = await open(path, process.platform === 'win32' ? 'r+' : 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/** {@link syncPath} of a folder and all that is in it, the folder last. */
export async function syncTree(folder: string): Promise<void> {
  for await (const entry of await opendir(folder)) {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) await syncTree(path);
    else if (entry.isFile()) await syncPath(path, 'file');
  }
  await syncPath(folder, 'folder');
}

/**
 * Puts a file in the place of another, so that a reader finds the old or the new one, whole, and so
 * does whoever comes after a crash.
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

/** The system's code of an error, such as `ENOENT`. */
export function codeOf(error: unknown): string | undefined {
  const code: unknown = (error as { code?: unknown } | null | undefined)?.code;
  return typeof code === 'string' ? code : undefined;
}
