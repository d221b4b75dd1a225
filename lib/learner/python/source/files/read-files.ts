import { lstat, readdir, readFile, stat } from 'node:fs/promises';
import { basename, join, relative, resolve } from 'node:path';
import type { CodeSource } from '../../code-source.js';
import { CodeFileError } from '../../errors.js';
import { cellsOf, notebookOf, writtenBy } from './notebook.js';
import { SourceFile } from './source-file.js';

/** Outputs of a notebook are not kept, and count only towards the size of the file. */
const MAX_NOTEBOOK = 64 * 2 ** 20;
const MAX_FILE = 2 * 2 ** 20;
const MAX_ALL = 16 * 2 ** 20;
const MAX_FILES = 500;
const MAX_DEPTH = 8;
const SKIPPED = /^(?:\.|node_modules$|__pycache__$|site-packages$|venv$|env$)/;

/** Gathers files within the limits. */
export class FileGatherer {
  readonly files: SourceFile[] = [];
  #size = 0;

  /** @throws CodeFileError */
  add(name: string, text: string, path = name): void {
    let code = text.charCodeAt(0) === 0xfeff ? text.slice(1) : text;
    const written: { readonly name: string; readonly text: string }[] = [];
    if (name.endsWith('.ipynb')) {
      const cells = cellsOf(code, name);
      for (const cell of cells) {
        const file = writtenBy(cell);
        if (file) written.push(file);
      }
      code = notebookOf(cells);
    } else if (!name.endsWith('.py')) {
      throw new CodeFileError(name, 'Give a Python file (.py), a notebook (.ipynb) or a folder.');
    }
    if (code.length > MAX_FILE) {
      throw new CodeFileError(
        name,
        `It has ${code.length} characters of code; the limit is ${MAX_FILE}.`,
      );
    }
    if ((this.#size += code.length) > MAX_ALL) {
      throw new CodeFileError(
        name,
        `All files together have more than ${MAX_ALL} characters of code.`,
      );
    }
    if (this.files.length >= MAX_FILES) {
      throw new CodeFileError(
        name,
        `The limit is ${MAX_FILES} files. Give only the files that are needed.`,
      );
    }
    this.files.push(new SourceFile(name, code, path));
    for (const file of written) {
      if (!this.files.some(({ path: own }) => basename(own) === basename(file.name))) {
        this.add(file.name, file.text);
      }
    }
  }

  async read(source: CodeSource): Promise<void> {
    if (typeof source !== 'string') return this.add(source.name, source.text);
    let folder: boolean;
    try {
      folder = (await stat(source)).isDirectory();
    } catch (cause) {
      const { code } = cause as NodeJS.ErrnoException;
      throw new CodeFileError(source, code === 'ENOENT' ? `No file at ${source}.` : String(cause));
    }
    if (folder) await this.#folder(source, source, 0);
    else await this.#file(source, source);
  }

  async #folder(root: string, folder: string, depth: number): Promise<void> {
    if (depth > MAX_DEPTH) {
      throw new CodeFileError(folder, `The limit is ${MAX_DEPTH} levels of folders.`);
    }
    const names = (await readdir(folder)).filter((name) => !SKIPPED.test(name)).sort();
    for (const name of names) {
      const path = join(folder, name);
      // Links are not followed: they may lead out of the folder, or form a cycle.
      const entry = await lstat(path);
      if (entry.isDirectory()) await this.#folder(root, path, depth + 1);
      else if (entry.isFile() && /\.(?:py|ipynb)$/.test(name)) {
        await this.#file(path, relative(root, path));
      }
    }
  }

  async #file(path: string, name: string): Promise<void> {
    const { size } = await stat(path);
    const limit = path.endsWith('.ipynb') ? MAX_NOTEBOOK : MAX_FILE;
    if (size > limit) throw new CodeFileError(path, `It has ${size} bytes; the limit is ${limit}.`);
    this.add(name, await readFile(path, 'utf8'), resolve(path));
  }
}
