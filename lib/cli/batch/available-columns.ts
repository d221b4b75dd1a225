import { CommandError } from '../errors.js';
import { csvRecords } from '../predict/csv-records.js';
import type { BatchFile } from './files.js';
import { dialectOf, refuseTwice } from './read-delimited.js';
import { PATH } from './read-items.js';
import { jsonNames, TEXT } from './read-lines.js';
import { parquetColumns } from './read-parquet.js';

const MOST_COLUMNS = 10_000;

/**
 * The columns of all files, in the order of their first appearance. All JSON lines are read for
 * that, because each may have its own keys.
 *
 * @param limit The number of wanted rows; keys of later JSON lines are ignored.
 */
export async function availableColumns(
  files: readonly BatchFile[],
  limit: number,
): Promise<string[]> {
  const names = new Set<string>();
  const add = (name: string, { path }: BatchFile): void => {
    if (names.size >= MOST_COLUMNS && !names.has(name)) {
      throw new CommandError(
        `The input has more than ${MOST_COLUMNS} columns (the last in ${path})`,
        'Give files with fewer columns',
      );
    }
    names.add(name);
  };
  let left = limit;
  for (const file of files) {
    if (file.format === 'item') add(PATH, file);
    else if (file.format === 'lines') add(TEXT, file);
    else if (file.format === 'parquet') {
      for (const { name } of await parquetColumns(file)) add(name, file);
    } else if (file.format === 'jsonl') {
      left -= await jsonNames(file, left, (name) => add(name, file));
    } else for (const name of await headOf(file)) add(name, file);
    if (file.format !== 'item') for (const name of file.partition.keys()) add(name, file);
    if (left <= 0) break;
  }
  if (names.size > 0) return [...names];
  throw new CommandError(
    `The file ${files[0]!.path} has no rows`,
    'Give a file with one row or more',
  );
}

async function headOf(file: BatchFile): Promise<string[]> {
  const ignored = (): void => undefined;
  for await (const names of csvRecords(file, ignored, dialectOf(file))) {
    refuseTwice(file, names);
    return names;
  }
  throw new CommandError(`The file ${file.path} is empty`, 'Give a file with a header line');
}
