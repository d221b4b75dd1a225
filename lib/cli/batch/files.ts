import { readdir, stat } from 'node:fs/promises';
import { dirname, extname, join, relative, resolve, sep } from 'node:path';
import ignore from 'ignore';
import { listed } from '../../learner/errors/index.js';
import { CommandError, unreadable } from '../errors.js';
import { IMAGE_FILES } from '../predict/image-files.js';
import { isS3 } from '../s3/address.js';
import { findObjects } from './find-objects.js';
import { isHidden, type Found, type FoundFile } from './found.js';

/** The format of a file. `item` is a file that is one item: an image, a text, an array. */
export type InputFormat = 'csv' | 'tsv' | 'jsonl' | 'parquet' | 'lines' | 'item';

/** A file to predict from, or an object of S3. */
export interface BatchFile extends FoundFile {
  readonly format: InputFormat;
  /** Columns from the names of its folders, such as `year=2024`. */
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
/**
 * Folders are listed as a whole, so that files are in the order of their names. That takes half a
 * kilobyte per file.
 */
export const MOST_FILES = 4_000_000;

/**
 * The files that arguments name: files, folders with all their contents, and patterns with `*`, `?`
 * and `**`. S3 addresses work the same way. The files are in the order of the arguments, and those
 * of a folder in the order of their names.
 *
 * @param kind The learner's kind, which decides which files of a folder are items.
 * @param format For files whose names do not show it.
 * @throws CommandError
 */
export async function findFiles(
  given: readonly string[],
  kind: string,
  format?: InputFormat,
): Promise<BatchFile[]> {
  const files: BatchFile[] = [];
  // Files of a folder share its partition values.
  const partitions = new Map<string, ReadonlyMap<string, string>>();
  for (const argument of given) {
    const found = await ofArgument(argument, kind, format);
    const all = found.files.flatMap((file) => {
      const as = format ?? formatOf(file.path, kind, found.several);
      return as === undefined ? [] : [{ file, as }];
    });
    // A table next to images describes them.
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
    for (const { file, as } of known) {
      const folder = `${found.root}\0${dirname(file.path)}`;
      const partition = partitions.get(folder) ?? partitionOf(found, file);
      partitions.set(folder, partition);
      files.push({ ...file, format: as, partition });
    }
  }
  return files;
}

async function ofArgument(
  argument: string,
  kind: string,
  format: InputFormat | undefined,
): Promise<Found> {
  const isKnown = (path: string): boolean => (format ?? formatOf(path, kind, true)) !== undefined;
  if (isS3(argument)) return findObjects(argument, isKnown, MOST_FILES);
  const { paths, ...found } = /[*?[]/.test(argument)
    ? await ofPattern(argument)
    : await ofPath(argument);
  const files: FoundFile[] = [];
  for (const path of found.several ? paths.filter(isKnown) : paths) {
    const { size, mtimeMs } = await stat(path).catch(unreadable(path));
    files.push({ path, size, mtimeMs });
  }
  return { ...found, files };
}

type FoundPaths = Omit<Found, 'files'> & { readonly paths: readonly string[] };

async function ofPath(argument: string): Promise<FoundPaths> {
  const root = resolve(argument);
  const stats = await stat(root).catch(unreadable(argument));
  return stats.isDirectory()
    ? { root, paths: await filesIn(root), several: true }
    : { root, paths: [root], several: false };
}

/** A shell expands patterns itself, except in quotation marks. A program passes them unchanged. */
async function ofPattern(argument: string): Promise<FoundPaths> {
  const parts = argument.split(/[\\/]/);
  const first = parts.findIndex((part) => /[*?[]/.test(part));
  const root = resolve(parts.slice(0, first).join('/') || (argument.startsWith('/') ? '/' : '.'));
  const pattern = ignore().add(`/${parts.slice(first).join('/')}`);
  await stat(root).catch(unreadable(root));
  const paths = (await filesIn(root)).filter((path) =>
    pattern.ignores(relative(root, path).split(sep).join('/')),
  );
  return { root, paths, several: true };
}

async function filesIn(root: string): Promise<string[]> {
  const entries = await readdir(root, { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile() && !isHidden(entry.name));
  return files.map((entry) => join(entry.parentPath, entry.name)).toSorted();
}

function formatOf(path: string, kind: string, several: boolean): InputFormat | undefined {
  const name = path.replace(/\.gz$/i, '');
  const extension = extname(name).toLowerCase();
  const as = FORMATS[extension];
  // Text tables are compressed as a whole; Parquet compresses its parts.
  if (name !== path) return as === 'parquet' ? undefined : as;
  const isItem = ITEMS[kind]?.includes(extension) ?? false;
  if (isItem && (several || extension !== '.txt')) return 'item';
  return as;
}

function partitionOf({ root }: Found, { path }: FoundFile): Map<string, string> {
  const columns = new Map<string, string>();
  for (const part of path
    .slice(root.length)
    .split(isS3(path) ? '/' : sep)
    .slice(0, -1)) {
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
