import { readdir, readFile, realpath, stat } from 'node:fs/promises';
import { join, relative, sep } from 'node:path';
import ignore from 'ignore';

/** Files that a bundle does not need, or that are secret. */
const NEVER = [
  'node_modules/ .git/ .svn/ .hg/ .venv/ venv/ __pycache__/ coverage/',
  '.DS_Store .env .env.* .npmrc *.tsbuildinfo *.log',
].flatMap((patterns) => patterns.split(' '));
const IGNORE_FILES = ['.vtsignore', '.bentoignore'];

/** Which files of a project go into a bundle. */
export interface FileChoice {
  readonly include: readonly string[] | undefined;
  readonly exclude: readonly string[] | undefined;
  /** Absolute paths of folders to leave out: the store, the output of the compiler. */
  readonly without: readonly string[];
}

/**
 * The files of a project, by patterns as in .gitignore. `include` must match (default: all files).
 * `exclude`, a .vtsignore and a .bentoignore must not match.
 */
export async function collectFiles(project: string, choice: FileChoice): Promise<string[]> {
  const included = choice.include && ignore().add([...choice.include]);
  const excluded = ignore().add([...NEVER, ...(choice.exclude ?? [])]);
  for (const name of IGNORE_FILES) {
    excluded.add(await readFile(join(project, name), 'utf8').catch(() => ''));
  }
  const without = new Set(await Promise.all(choice.without.map(real)));
  const files: string[] = [];
  await walk(project, '');
  return files;

  async function walk(folder: string, below: string): Promise<void> {
    if (without.has(await real(folder))) return;
    const entries = await readdir(folder, { withFileTypes: true });
    for (const entry of entries.sort((a, b) => (a.name < b.name ? -1 : 1))) {
      const name = below + entry.name;
      if (entry.isDirectory()) {
        if (!excluded.ignores(`${name}/`)) await walk(join(folder, entry.name), `${name}/`);
        continue;
      }
      // Links to files are followed; a link to a folder may lead anywhere.
      const found = await stat(join(folder, entry.name)).catch(() => undefined);
      if (!found?.isFile() || excluded.ignores(name)) continue;
      if (!included || included.ignores(name)) files.push(name);
    }
  }
}

async function real(path: string): Promise<string> {
  return realpath(path).catch(() => path);
}

/** Whether a path is in a folder, or is the folder. */
export function isInside(folder: string, path: string): boolean {
  const inside = relative(folder, path);
  return inside !== '..' && !inside.startsWith(`..${sep}`);
}
