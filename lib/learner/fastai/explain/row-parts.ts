import type { EncodedRows, RowEncoder } from '../tabular/row-encoder.js';
import type { TabularRecord } from '../tabular/tabular-record.js';
import type { Part } from './occlusion.js';

/** The row of the model, then the row with each of its cells left out. */
export function rowsWithout(
  record: TabularRecord,
  encoder: RowEncoder,
  row: EncodedRows,
): { parts: Part[]; batch: EncodedRows } {
  const changes = changesOf(record, encoder);
  const [width, length] = [row.codes.length, row.numbers.length];
  const rows = changes.length + 1;
  const codes = new Int32Array(rows * width);
  const numbers = new Float32Array(rows * length);
  for (let i = 0; i < rows; i++) {
    codes.set(row.codes, i * width);
    numbers.set(row.numbers, i * length);
    const change = changes[i - 1];
    if (change?.code) codes[i * width + change.code.place] = change.code.value;
    if (change?.number) numbers[i * length + change.number.place] = change.number.value;
  }
  return { parts: changes.map(({ part }) => part), batch: { rows, codes, numbers } };
}

/** The model's value for a cell that is left out. */
interface Change {
  readonly part: Part;
  readonly code?: { readonly place: number; readonly value: number };
  readonly number?: { readonly place: number; readonly value: number };
}

/** Every column with a known missing value, in the order of the schema. */
function changesOf(record: TabularRecord, encoder: RowEncoder): Change[] {
  const given = record.categories.filter((name) => !encoder.isMade(name));
  const categories = given.flatMap((name, index): Change[] => {
    // Without Categorify the code #na# does not exist.
    if (!encoder.index(name)) return [];
    const place = record.categories.indexOf(name);
    return [{ part: { name, index, length: 1 }, code: { place, value: 0 } }];
  });
  const numbers = record.numbers.flatMap((name, place): Change[] => {
    const missing = encoder.missing(name);
    if (missing === undefined) return [];
    const { value, flag } = missing;
    const at = record.categories.indexOf(`${name}_na`);
    return [
      {
        part: { name, index: given.length + place, length: 1 },
        number: { place, value },
        ...(flag !== undefined && at >= 0 && { code: { place: at, value: flag } }),
      },
    ];
  });
  return [...categories, ...numbers];
}
