import { listed, quoted } from '../../../learner/errors/index.js';
import { CommandError } from '../../errors.js';
import { cellOf, gathered, type BatchColumn, type Chunk } from '../chunk.js';
import { like } from './like.js';
import { columnsIn, parseWhere, type Comparison, type Expression } from './parse-where.js';

/** The result for a row: SQL has the three values true, false and null. */
type Value = string | number | bigint | boolean | Date | null;
type Reads = (row: number) => Value;

/** The rows for which a condition is true. */
export class RowFilter {
  readonly names: ReadonlySet<string>;
  readonly #expression: Expression;

  /** @throws CommandError */
  constructor(condition: string) {
    this.#expression = parseWhere(condition);
    this.names = new Set(columnsIn(this.#expression));
  }

  /** @throws CommandError for a column that the input does not have. */
  check(available: readonly string[]): void {
    const other = [...this.names].filter((name) => !available.includes(name));
    if (other.length === 0) return;
    throw new CommandError(
      `The input has no column ${quoted(other)}, which --where uses`,
      `Name some of ${listed(available)}`,
    );
  }

  /** The chunk without the rows for which it is false or null. Failed rows stay. */
  apply(chunk: Chunk): Chunk {
    const { columns, faults } = chunk;
    if (columns === undefined) return chunk;
    const isCsv = chunk.file.format === 'csv' || chunk.file.format === 'tsv';
    const truth = compile(this.#expression, columns, isCsv);
    const all = Array.from({ length: chunk.rows }, (_, row) => row);
    const rows = Uint32Array.from(all.filter((row) => faults.has(row) || truthOf(truth(row))));
    if (rows.length === chunk.rows) return chunk;
    const places = new Map([...rows].map((row, at) => [row, at]));
    return {
      ...chunk,
      rows: rows.length,
      places: rows,
      columns: new Map([...columns].map(([name, column]) => [name, gathered(column, rows)])),
      faults: new Map([...faults].map(([row, reason]) => [places.get(row)!, reason])),
    };
  }
}

function compile(
  expression: Expression,
  columns: ReadonlyMap<string, BatchColumn>,
  isCsv: boolean,
): Reads {
  const inner = (part: Expression): Reads => compile(part, columns, isCsv);
  switch (expression.type) {
    case 'literal':
      return () => expression.value;
    case 'column': {
      const column = columns.get(expression.name);
      return column ? (row) => valueOf(cellOf(column, row), isCsv) : () => null;
    }
    case 'not': {
      const of = inner(expression.of);
      return (row) => {
        const truth = truthOf(of(row));
        return truth === null ? null : !truth;
      };
    }
    case 'and':
    case 'or': {
      const [left, right] = [inner(expression.left), inner(expression.right)];
      // The value that decides regardless of the other side.
      const decides = expression.type === 'or';
      return (row) => {
        const first = truthOf(left(row));
        if (first === decides) return decides;
        const second = truthOf(right(row));
        return second === decides ? decides : first === null || second === null ? null : !decides;
      };
    }
    case 'compare': {
      const [left, right] = [inner(expression.left), inner(expression.right)];
      const { operator } = expression;
      return (row) => compared(left(row), right(row), operator);
    }
    case 'in': {
      const of = inner(expression.of);
      const values = expression.values.map(inner);
      return (row) => isAmong(of(row), values, row);
    }
    case 'is': {
      const of = inner(expression.of);
      const { value } = expression;
      return value === null ? (row) => of(row) === null : (row) => truthOf(of(row)) === value;
    }
    case 'like': {
      const [of, pattern] = [inner(expression.of), inner(expression.pattern)];
      const { escape, anyCase } = expression;
      return (row) => {
        const [text, wanted] = [of(row), pattern(row)];
        if (text === null || wanted === null) return null;
        return anyCase
          ? like(String(text).toLowerCase(), String(wanted).toLowerCase(), escape)
          : like(String(text), String(wanted), escape);
      };
    }
  }
}

function isAmong(value: Value, values: readonly Reads[], row: number): boolean | null {
  let known = true;
  for (const each of values) {
    const same = compared(value, each(row), '=');
    if (same === true) return true;
    if (same === null) known = false;
  }
  return known ? false : null;
}

/** Empty CSV cells and NaN are missing, as for a learner. */
function valueOf(cell: unknown, isCsv: boolean): Value {
  if (cell === undefined || cell === null || Number.isNaN(cell)) return null;
  if (isCsv && cell === '') return null;
  if (cell instanceof Date) return cell;
  return typeof cell === 'object' ? JSON.stringify(cell) : (cell as Value);
}

function truthOf(value: Value): boolean | null {
  if (typeof value === 'boolean' || value === null) return value;
  if (typeof value === 'string') return booleanOf(value);
  return value instanceof Date ? null : Number(value) !== 0;
}

function compared(left: Value, right: Value, operator: Comparison): boolean | null {
  const [a, b] = alike(left, right);
  if (a === null || b === null) return null;
  if (operator === '=') return a == b;
  if (operator === '<>') return a != b;
  if (operator === '<') return a < b;
  if (operator === '<=') return a <= b;
  return operator === '>' ? a > b : a >= b;
}

type Ordered = string | number | bigint | null;

/** Two values in a comparable form: a text is read as the type of the other value. */
function alike(left: Value, right: Value): readonly [Ordered, Ordered] {
  if (typeof left === 'string' && typeof right === 'string') return [left, right];
  if (typeof left === 'string') return [readAs(left, right), plainOf(right)];
  if (typeof right === 'string') return [plainOf(left), readAs(right, left)];
  if (left instanceof Date !== right instanceof Date) return [null, null];
  return [plainOf(left), plainOf(right)];
}

function plainOf(value: Value): Ordered {
  if (value instanceof Date) return value.getTime();
  return typeof value === 'boolean' ? Number(value) : value;
}

function readAs(text: string, other: Value): Ordered {
  if (other === null) return null;
  if (typeof other === 'boolean') {
    const truth = booleanOf(text);
    return truth === null ? null : Number(truth);
  }
  const number = other instanceof Date ? Date.parse(text) : Number(text.trim() || NaN);
  return Number.isNaN(number) ? null : number;
}

function booleanOf(text: string): boolean | null {
  const lower = text.toLowerCase();
  return lower === 'true' ? true : lower === 'false' ? false : null;
}
