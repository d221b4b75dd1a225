import { listed, quoted } from '../../learner/errors/index.js';
import type { TabularSchema } from '../../learner/fastai/contract.js';
import { CommandError } from '../errors.js';

/** Usual names of columns with texts or images, if a file has several columns. */
export const USUAL_COLUMNS = {
  text: ['text', 'texts', 'review', 'sentence', 'content'],
  image: ['image', 'path', 'file', 'filename', 'fname', 'name'],
};

/** The input columns of rows. @throws CommandError if the file lacks one */
export function rowColumns(
  { columns }: TabularSchema,
  header: readonly string[],
  input: string,
): string[] {
  const names = columns.map(({ name }) => name);
  const lacking = names.filter((name) => !header.includes(name));
  if (lacking.length === 0) return names;
  throw new CommandError(
    `The file ${input} has no column ${quoted(lacking)}`,
    `Give all columns of the learner: ${listed(names)}`,
  );
}

/**
 * The column with the text, or the path of the image.
 *
 * @param column Undefined for one of the usual names, or the only one.
 * @throws CommandError
 */
export function itemColumn(
  column: string | undefined,
  usual: readonly string[],
  header: readonly string[],
  input: string,
): string {
  const wanted = column === undefined ? usual : [column];
  const found = wanted.find((name) => header.includes(name));
  const [sole] = header;
  if (found !== undefined) return found;
  if (column === undefined && header.length === 1 && sole !== undefined) return sole;
  throw new CommandError(
    column === undefined
      ? `No usual column to predict from in ${input}, only ${listed(header)}`
      : `The file ${input} has no column "${column}", only ${listed(header)}`,
    'Name it with --column',
  );
}
