import type { Column, RowRange, Table } from './table.js';

/** A table that is stored by rows. */
type TableOfRows = Table & Required<Pick<Table, 'readCells' | 'readNumbers'>>;

/** Reads columns of some rows, in memory that the next rows use again. */
export class RowReader {
  readonly #columns = new Map<string, Column>();
  readonly #cells: ReadonlyMap<string, unknown[]>;
  #numbers: Float64Array[] = [];

  /**
   * @param numbers Columns whose cells are numbers, as a rule.
   * @param others All other columns that are read.
   */
  constructor(
    private readonly table: TableOfRows,
    private readonly numbers: readonly string[],
    private readonly others: readonly string[],
  ) {
    this.#cells = new Map([...others, ...numbers].map((name) => [name, []]));
  }

  /** The cells of a column that were read last. */
  column(name: string): Column | undefined {
    return this.#columns.get(name);
  }

  read(range: RowRange): void {
    const { numbers } = this;
    const rows = range.end - range.start;
    if (this.#numbers[0]?.length !== rows) {
      this.#numbers = numbers.map(() => new Float64Array(rows));
    }
    const isOther = this.table.readNumbers(numbers, range, this.#numbers);
    numbers.forEach((name, place) => this.#columns.set(name, this.#numbers[place]!));
    const cells = [...this.others, ...numbers.filter((_, place) => isOther[place])];
    const arrays = cells.map((name) => this.#cells.get(name)!);
    this.table.readCells(cells, range, arrays);
    cells.forEach((name, place) => this.#columns.set(name, arrays[place]!));
  }
}

export function isTableOfRows(table: Table): table is TableOfRows {
  return table.readCells !== undefined && table.readNumbers !== undefined;
}
