import { eachPiece } from '../pieces.js';
import type { RawFrame } from './raw-frame.js';

/** Writes CSV as `DataFrame.to_csv(index=False)` does, in pieces; missing values are empty. */
export function* csvPieces({ rows, columns }: RawFrame): Generator<string, void, undefined> {
  const all = [...columns.values()];
  yield `${[...columns.keys()].map(field).join(',')}\n`;
  yield* eachPiece(rows, (row) => `${all.map((cells) => field(cells[row])).join(',')}\n`, '');
}

function field(value: unknown): string {
  if (value === null || value === undefined) return '';
  if (typeof value === 'number') {
    if (Number.isFinite(value)) return String(value);
    return Number.isNaN(value) ? '' : value > 0 ? 'inf' : '-inf';
  }
  if (typeof value === 'boolean') return value ? 'True' : 'False';
  const text =
    value instanceof Date
      ? value.toISOString()
      : typeof value === 'object'
        ? JSON.stringify(value)
        : String(value);
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
