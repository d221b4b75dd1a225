import type { PyValue } from '../../torch/python.js';
import type { ShownCell, ShownColumns } from '../shown.js';
import { label } from './row-decoder.js';
import type { EncodedRows, RowEncoder } from './row-encoder.js';
import type { Table } from './table.js';
import type { TabularRecord } from './tabular-record.js';

/** fastai's name for a missing or unknown category. */
const MISSING = '#na#';

/** The first row of a table after the procs, in the terms of the table. */
export function showRow(record: TabularRecord, encoder: RowEncoder, table: Table): ShownColumns {
  const encoded = encoder.open(table)({ start: 0, end: 1 });
  const categories = record.categories.filter((name) => !encoder.isMade(name));
  return {
    columns: [
      ...categories.map((name) => category(name, record, encoder, encoded)),
      ...record.numbers.map((name) => number(name, record, encoder, table)),
    ],
  };
}

function category(
  name: string,
  { categories }: TabularRecord,
  encoder: RowEncoder,
  { codes }: EncodedRows,
): ShownCell {
  const code = codes[categories.indexOf(name)]!;
  const classes: readonly PyValue[] | undefined = encoder.index(name)?.classes;
  if (!classes) return { name, value: code, known: true };
  return { name, value: code === 0 ? MISSING : (label(classes[code]) ?? MISSING), known: code > 0 };
}

/** Not decoded from the model's input, because normalizing rounds. */
function number(
  name: string,
  { steps }: TabularRecord,
  encoder: RowEncoder,
  table: Table,
): ShownCell {
  const given = encoder.numberOf(name, table);
  if (!Number.isNaN(given)) return { name, value: given, known: true };
  const fill = steps.find((step) => step.kind === 'fill');
  return { name, value: fill?.values.get(name) ?? given, known: false };
}
