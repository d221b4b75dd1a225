import type { FrameLike } from '../../learner/fastai/contract.js';
import { packsAs, type PackedColumn } from '../../learner/fastai/tabular/packed-frame.js';
import type { Column } from '../../learner/fastai/tabular/table.js';

/** Rows as a frame, the form in which they are sent to a worker. */
export class PackedRows implements FrameLike {
  constructor(
    private readonly rows: number,
    private readonly columns: ReadonlyMap<string, PackedColumn>,
  ) {
    packsAs(this, () => ({ vtsFrame: true, rows, columns }));
  }

  /** The rows from `from` up to, but not including, `to`. */
  slice(from: number, to: number): PackedRows {
    const columns = [...this.columns].map(([name, cells]) => {
      return [name, partOf(cells as Column, from, to) as PackedColumn] as const;
    });
    return new PackedRows(to - from, new Map(columns));
  }

  numRows(): number {
    return this.rows;
  }

  columnNames(): string[] {
    return [...this.columns.keys()];
  }

  column(name: string): { readonly length: number; at(row: number): unknown } | undefined {
    if (!this.columns.has(name)) return undefined;
    const cells = this.array(name);
    return { length: this.rows, at: (row) => cells[row] };
  }

  array(name: string): ArrayLike<unknown> {
    const cells = this.columns.get(name) as Column;
    return 'codes' in cells ? Array.from(cells.codes, (code) => cells.values[code]) : cells;
  }

  isFiltered(): boolean {
    return false;
  }

  isOrdered(): boolean {
    return false;
  }
}

/**
 * A copy, because shared memory is only freed when every thread has collected its garbage, which is
 * rare.
 */
export function partOf(cells: Column, from: number, to: number): Column {
  if ('codes' in cells) return { codes: cells.codes.slice(from, to), values: cells.values };
  return ArrayBuffer.isView(cells)
    ? (cells as unknown as Float64Array).slice(from, to)
    : (Array.prototype.slice.call(cells, from, to) as unknown[]);
}
