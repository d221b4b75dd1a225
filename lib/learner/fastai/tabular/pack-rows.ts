import type { TabularColumn } from '../contract.js';
import { packNumbers, packValues, type PackedColumn, type PackedFrame } from './packed-frame.js';

/**
 * Packs the cells that a learner reads, column by column: a message of many objects takes far
 * longer than the learner itself. Numbers and errors stay the same. It runs in short steps.
 *
 * @returns Undefined for rows that must be sent unchanged: some are not plain objects, or a column
 * is missing, which the learner reports better.
 */
export function* packRows(
  rows: readonly unknown[],
  columns: readonly Pick<TabularColumn, 'name' | 'kind' | 'nullable'>[],
): Generator<void, PackedFrame | undefined, void> {
  if (!rows.every(isPlainRow)) return undefined;
  const packed = new Map<string, PackedColumn>();
  for (const { name, kind, nullable } of columns) {
    // Inherited properties are not columns.
    if (name in Object.prototype) return undefined;
    const cells = rows.map((row) => (row as Record<string, unknown>)[name]);
    if (cells.every((cell) => cell === undefined)) return undefined;
    const numbers = packNumbers(cells);
    // A missing code causes another error than NaN.
    const asNumbers = numbers && (!numbers.missing || (kind === 'number' && nullable));
    packed.set(name, asNumbers ? numbers.numbers : packValues(cells));
    yield;
  }
  return { vtsFrame: true, rows: rows.length, columns: packed };
}

function isPlainRow(row: unknown): boolean {
  if (typeof row !== 'object' || row === null) return false;
  const prototype: unknown = Object.getPrototypeOf(row);
  return prototype === Object.prototype || prototype === null;
}
