import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';

export interface PackedFile {
  /** Relative, with slashes. */
  readonly name: string;
  readonly path: string;
  readonly size: number;
  readonly mtime: Date;
}

/** A folder with files that can be made again from a model's other files. */
export const CACHE_FOLDER = '.vts-cache';

/**
 * The files of a folder and its subfolders, by name. Links are followed, because an archive does
 * not contain links.
 */
export async function filesOf(folder: string, below = ''): Promise<PackedFile[]> {
  const files: PackedFile[] = [];
  for (const entry of (await readdir(folder)).sort()) {
    if (below === '' && entry === CACHE_FOLDER) continue;
    const path = join(folder, entry);
    const name = `${below}${entry}`;
    const found = await stat(path);
    if (found.isDirectory()) files.push(...(await filesOf(path, `${name}/`)));
    else files.push({ name, path, size: found.size, mtime: found.mtime });
  }
  return files;
}

export function sizeOf(files: readonly PackedFile[]): number {
  return files.reduce((sum, { size }) => sum + size, 0);
}
