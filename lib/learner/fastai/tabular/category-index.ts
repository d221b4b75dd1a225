import { PyObject, type PyValue } from '../../torch/python.js';
import { cellsWith, type Column, type RowRange } from './table.js';
import { instantOf, timestampOf } from './timestamps.js';

/** fastai's code for missing and unknown values: `#na#`. */
const UNKNOWN = 0;

/**
 * The classes of a categorical column: `pd.Categorical(column, categories=classes[1:]).codes + 1`.
 *
 * Values match as in pandas for a single row. 1 equals 1.0. 1 and 0 match boolean classes, but true
 * does not match the number 1. A text never matches a number, but matches dates. In a column of
 * objects, with booleans among other values, true does match 1.
 */
export class CategoryIndex {
  readonly #codes = new Map<unknown, number>();
  readonly #instants: Map<bigint, number> | undefined;
  readonly #booleansMatch: boolean;

  /** @param classes All classes, beginning with `#na#`. */
  constructor(readonly classes: readonly PyValue[]) {
    const known = classes.slice(1);
    this.#booleansMatch = !known.every(
      (value) => typeof value === 'number' || typeof value === 'bigint',
    );
    const instants = new Map<bigint, number>();
    known.forEach((value, position) => {
      const code = position + 1;
      const instant = value instanceof PyObject ? timestampOf(value) : undefined;
      if (instant !== undefined) instants.set(instant, code);
      const key = keyOf(value);
      if (key !== undefined && !this.#codes.has(key)) this.#codes.set(key, code);
    });
    this.#instants = instants.size > 0 ? instants : undefined;
  }

  get size(): number {
    return this.classes.length;
  }

  /**
   * The code of a cell; undefined for values that cannot be a category (arrays, objects).
   *
   * @param ofObjects Whether its column contains objects; called only if it matters.
   */
  codeOf(value: unknown, ofObjects: () => boolean = () => false): number | undefined {
    // The most common kind of cell comes first.
    if (typeof value === 'string' && !this.#instants) return this.#codes.get(value) ?? UNKNOWN;
    if (value === null || value === undefined) return UNKNOWN;
    if (typeof value === 'boolean' && !this.#booleansMatch && !ofObjects()) return UNKNOWN;
    if (this.#instants && (typeof value === 'string' || value instanceof Date)) {
      const instant = instantOf(value);
      return (instant === undefined ? undefined : this.#instants.get(instant)) ?? UNKNOWN;
    }
    const key = keyOf(value);
    if (key !== undefined) return this.#codes.get(key) ?? UNKNOWN;
    return typeof value === 'object' && !(value instanceof Date) ? undefined : UNKNOWN;
  }

  /**
   * Writes every `stride`-th element.
   *
   * @param refuse Told of rows whose cells cannot be a category; their code is that of unknown ones.
   */
  encode(
    column: Column,
    range: RowRange,
    out: Int32Array,
    offset: number,
    stride: number,
    refuse: (row: number) => void,
    ofObjects = objectsIn(column),
  ): void {
    const { start, end } = range;
    if ('codes' in column) {
      const codeAt = cellsWith(column, (cell) => this.codeOf(cell, ofObjects));
      for (let row = start, place = offset; row < end; row++, place += stride) {
        const code = codeAt(row);
        if (code === undefined) refuse(row);
        out[place] = code ?? UNKNOWN;
      }
      return;
    }
    const texts = this.#instants ? undefined : this.#codes;
    const [no, yes] = [0, 1].map((value) => this.#codes.get(value) ?? UNKNOWN);
    for (let row = start, place = offset; row < end; row++, place += stride) {
      const value = column[row];
      // The most common kinds of cells.
      if (typeof value === 'string' && texts) out[place] = texts.get(value) ?? UNKNOWN;
      else if (typeof value === 'boolean' && this.#booleansMatch) out[place] = value ? yes! : no!;
      else {
        const code = this.codeOf(value, ofObjects);
        if (code === undefined) refuse(row);
        out[place] = code ?? UNKNOWN;
      }
    }
  }
}

/**
 * Whether pandas stores a column with true or false as objects, because it contains other values
 * too. Computed once.
 */
export function objectsIn(column: Column): () => boolean {
  let known: boolean | undefined;
  return () => {
    if (known !== undefined) return known;
    const cells = 'codes' in column ? column.values : column;
    known = false;
    for (let row = 0; row < cells.length && !known; row++) known = typeof cells[row] !== 'boolean';
    return known;
  };
}

/** Python's equality as a map key: numbers and booleans by value, whatever their type. */
function keyOf(value: unknown): string | number | bigint | undefined {
  switch (typeof value) {
    case 'string':
    case 'number':
      return value;
    case 'boolean':
      return Number(value);
    case 'bigint': {
      const number = Number(value);
      return Number.isSafeInteger(number) ? number : value;
    }
    default:
      return undefined;
  }
}
