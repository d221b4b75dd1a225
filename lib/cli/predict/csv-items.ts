import { dirname, resolve } from 'node:path';
import { CommandError } from '../errors.js';
import { cellReader } from '../../nest/served-model/csv-cells.js';
import { csvRecords } from './csv-records.js';
import { itemColumn, rowColumns, USUAL_COLUMNS } from './input-columns.js';
import type { Predictor } from './predictor.js';

export interface CsvSource {
  readonly input: string;
  /** The column with the text or the image path; undefined for a column with a usual name. */
  readonly column: string | undefined;
  readonly onBytes?: (bytes: number) => void;
}

/** A row of a CSV file, and its item. */
export interface CsvItem {
  readonly header: readonly string[];
  readonly cells: readonly string[];
  readonly item: unknown;
}

/** The rows of a CSV file, one after the other, in constant memory. @throws CommandError */
export async function* csvItems(
  predictor: Pick<Predictor, 'kind' | 'schema'>,
  { input, column, onBytes = () => undefined }: CsvSource,
): AsyncGenerator<CsvItem> {
  let header: string[] | undefined;
  let makeItem: (cells: readonly string[]) => unknown = () => undefined;
  for await (const cells of csvRecords({ path: input }, onBytes)) {
    if (header === undefined) {
      header = cells;
      makeItem = itemMaker(predictor, header, column, input);
      continue;
    }
    yield { header, cells, item: makeItem(cells) };
  }
  if (header === undefined) {
    throw new CommandError(`The file ${input} is empty`, 'Give a CSV file with a header line');
  }
}

function itemMaker(
  { kind, schema }: Pick<Predictor, 'kind' | 'schema'>,
  header: readonly string[],
  column: string | undefined,
  input: string,
): (cells: readonly string[]) => unknown {
  if (schema) {
    rowColumns(schema, header, input);
    const readers = schema.columns.map((each) => {
      return { name: each.name, place: header.indexOf(each.name), read: cellReader(each) };
    });
    return (cells) =>
      Object.fromEntries(readers.map(({ name, place, read }) => [name, read(cells[place] ?? '')]));
  }
  const usual = kind === 'vision' ? USUAL_COLUMNS.image : USUAL_COLUMNS.text;
  const place = header.indexOf(itemColumn(column, usual, header, input));
  // Paths in a file are relative to the file.
  if (kind === 'vision') return (cells) => resolve(dirname(input), cells[place] ?? '');
  return (cells) => cells[place] ?? '';
}
