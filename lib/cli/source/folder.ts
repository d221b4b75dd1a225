import type { Dirent } from 'node:fs';
import { open, opendir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { CommandError, unreadable } from '../errors.js';
import { isLearnersFolder, MAX_FACTS_BYTES, type FileTree } from './file-tree.js';

/** More files than a folder with a learner has. */
const MAX_FILES = 100_000;

/**
 * The files of a folder, and of its subfolders that may contain a learner.
 *
 * @throws CommandError if it cannot be read, or has more than 100,000 files.
 */
export async function readFolder(folder: string): Promise<FileTree> {
  const paths: string[] = [];
  const waiting = [''];
  for (let path = waiting.shift(); path !== undefined; path = waiting.shift()) {
    const entries = await opendir(join(folder, path)).catch(unreadable(join(folder, path)));
    for await (const entry of entries) {
      const inside = path === '' ? entry.name : `${path}/${entry.name}`;
      if (isLearnersFolder(inside) && (await isFolder(entry))) waiting.push(inside);
      else if (!entry.isDirectory()) paths.push(inside);
      if (paths.length > MAX_FILES) {
        throw new CommandError(
          `${folder} has more than 100,000 files`,
          'Give the path of the file that learner.export() wrote',
        );
      }
    }
  }
  return {
    from: folder,
    // The order in which a disk lists files is not reliable.
    paths: paths.toSorted(),
    read: (path) => readFacts(join(folder, path)),
  };
}

/** A link to a folder counts as a folder. */
async function isFolder(entry: Dirent): Promise<boolean> {
  if (!entry.isSymbolicLink()) return entry.isDirectory();
  const target = await stat(join(entry.parentPath, entry.name)).catch(() => undefined);
  return target?.isDirectory() === true;
}

async function readFacts(path: string): Promise<string> {
  const file = await open(path).catch(unreadable(path));
  try {
    const bytes = Buffer.alloc(MAX_FACTS_BYTES + 1);
    const { bytesRead } = await file.read(bytes, 0, bytes.length, 0);
    if (bytesRead > MAX_FACTS_BYTES) {
      throw new CommandError(`${path} has more than 1 MiB`, 'Give the path of the learner itself');
    }
    return bytes.toString('utf8', 0, bytesRead);
  } finally {
    await file.close();
  }
}
