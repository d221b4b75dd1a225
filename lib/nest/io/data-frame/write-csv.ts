import type { RawFrame } from './raw-frame.js';

/** Writes CSV as `DataFrame.to_csv(index=False)` does; missing values are empty. */
export function writeCsv({ rows, columns }: RawFrame): string {
  const all = [...columns.values()];
  const lines = [[...columns.keys()].map(field).join(',')];
  for (let row = 0; row < rows; row++) {
    lines.push(all.map((cells) => field(cells[row])).join(','));
  }
  return `${lines.join('\n')}\n`;
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
