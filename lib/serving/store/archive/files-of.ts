import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';

/** A file to pack. */
export interface PackedFile {
  /** Relative, with slashes. */
  readonly name: string;
  readonly path: string;
  readonly size: number;
  readonly mtime: Date;
}

/** What can be made again of a model's other files. */
export const CACHE_FOLDER = '.vts-cache';

/** The files of a folder and of those in it, by name. Links are followed: an archive holds none. */
export async function filesOf(folder: string, below = ''): Promise<PackedFile[]> {
  const files: PackedFile[] = [];
  for (const entry of (await readdir(folder)).sort()) {
    if (below === '' && entry === CACHE_FOLDER) continue;
    const path = join(folder, entry);
    const name = `${below}${entry}`;
    const { size, mtime, ...found } = await stat(path);
    const isFolder = (found.mode & 0o170000) === 0o040000;
    if (isFolder) files.push(...(await filesOf(path, `${name}/`)));
    else files.push({ name, path, size, mtime });
  }
  return files;
}
