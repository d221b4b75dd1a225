import { readdir, stat } from 'node:fs/promises';
import { extname, join, relative, resolve, sep } from 'node:path';
import ignore from 'ignore';
import { listed } from '../../learner/errors/index.js';
import { CommandError, unreadable } from '../errors.js';
import { IMAGE_FILES } from '../predict/image-files.js';

/** How a file is read. `item` is a file that is one item: an image, a text, an array. */
export type InputFormat = 'csv' | 'tsv' | 'jsonl' | 'parquet' | 'lines' | 'item';

/** A file to predict from. */
export interface BatchFile {
  readonly path: string;
  readonly format: InputFormat;
  readonly size: number;
  readonly mtimeMs: number;
  /** Columns that the names of its folders give, as `year=2024` does. */
  readonly partition: ReadonlyMap<string, string>;
}

const FORMATS: Readonly<Record<string, InputFormat>> = {
  '.csv': 'csv',
  '.tsv': 'tsv',
  '.jsonl': 'jsonl',
  '.ndjson': 'jsonl',
  '.parquet': 'parquet',
  '.pq': 'parquet',
  '.txt': 'lines',
};
const ITEMS: Readonly<Record<string, readonly string[]>> = {
  vision: IMAGE_FILES,
  text: ['.txt'],
  lm: ['.txt'],
  array: ['.npy', '.json'],
};
/** Folders are listed as a whole, so that their order is that of the names. */
const MOST_FILES = 10_000_000;

/**
 * The files that arguments name: files, folders with all that is in them, and patterns with `*`,
 * `?` and `**`. In the order of the arguments, those of a folder by name.
 *
 * @param kind The learner's: it tells which files of a folder are items.
 * @param format For files whose names do not tell.
 * @throws CommandError
 */
export async function findFiles(
  given: readonly string[],
  kind: string,
  format?: InputFormat,
): Promise<BatchFile[]> {
  const files: BatchFile[] = [];
  for (const argument of given) {
    const found = /[*?[]/.test(argument) ? await ofPattern(argument) : await ofPath(argument);
    const all = found.files.flatMap((path) => {
      const as = format ?? formatOf(path, kind, found.several);
      return as === undefined ? [] : [{ path, as }];
    });
    // A table beside images says something of them.
    const items = all.filter(({ as }) => as === 'item');
    const known = found.several && items.length > 0 ? items : all;
    if (known.length === 0) {
      throw new CommandError(
        `No file to predict from in ${argument}`,
        `Give ${listed([...new Set([...(ITEMS[kind] ?? []), ...Object.keys(FORMATS)])], 16)}, or --format`,
      );
    }
    if (files.length + known.length > MOST_FILES) {
      throw new CommandError(`More than ${MOST_FILES} files are given`, 'Give fewer at a time');
    }
    for (const { path, as } of known) {
      const { size, mtimeMs } = await stat(path).catch(unreadable(path));
      const partition = partitionOf(relative(found.root, path));
      files.push({ path, format: as, size, mtimeMs, partition });
    }
  }
  return files;
}

interface Found {
  readonly root: string;
  readonly files: readonly string[];
  /** A folder or a pattern: a text in it is an item, where a file alone has a text a line. */
  readonly several: boolean;
}

async function ofPath(argument: string): Promise<Found> {
  const root = resolve(argument);
  const stats = await stat(root).catch(unreadable(argument));
  return stats.isDirectory()
    ? { root, files: await filesIn(root), several: true }
    : { root, files: [root], several: false };
}

/** A shell expands patterns itself; in quotation marks, or in a program, they come as they are. */
async function ofPattern(argument: string): Promise<Found> {
  const parts = argument.split(/[\\/]/);
  const first = parts.findIndex((part) => /[*?[]/.test(part));
  const root = resolve(parts.slice(0, first).join('/') || (argument.startsWith('/') ? '/' : '.'));
  const pattern = ignore().add(`/${parts.slice(first).join('/')}`);
  await stat(root).catch(unreadable(root));
  const files = (await filesIn(root)).filter((path) =>
    pattern.ignores(relative(root, path).split(sep).join('/')),
  );
  return { root, files, several: true };
}

async function filesIn(root: string): Promise<string[]> {
  const entries = await readdir(root, { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile() && !/^[._]/.test(entry.name));
  return files.map((entry) => join(entry.parentPath, entry.name)).toSorted();
}

function formatOf(path: string, kind: string, several: boolean): InputFormat | undefined {
  const name = path.replace(/\.gz$/i, '');
  const extension = extname(name).toLowerCase();
  const as = FORMATS[extension];
  // Texts of tables are packed as a whole; what is inside of Parquet is.
  if (name !== path) return as === 'parquet' ? undefined : as;
  const isItem = ITEMS[kind]?.includes(extension) ?? false;
  if (isItem && (several || extension !== '.txt')) return 'item';
  return as;
}

function partitionOf(path: string): Map<string, string> {
  const columns = new Map<string, string>();
  for (const part of path.split(sep).slice(0, -1)) {
    const [, name, value] = /^([^=]+)=(.*)$/.exec(part) ?? [];
    if (name !== undefined && value !== undefined) columns.set(name, decoded(value));
  }
  return columns;
}

function decoded(value: string): string {
  try {
    return decodeURIComponent(value);
  } catch {
    return value;
  }
}
