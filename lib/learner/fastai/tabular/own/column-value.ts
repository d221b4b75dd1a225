import type { Context } from '../../../python/context.js';
import { HostObject, type BinaryOp, type CompareOp, type UnaryOp } from '../../../python/host.js';
import { TYPES } from '../../../python/types.js';
import { BoundMethod, ClassValue, type Builtin, type Value } from '../../../python/values.js';
import { ArrayValue } from '../../code/numpy/array-value.js';

/** A cell as pandas stores it; NaN for missing. */
export type Cell = number | string | boolean;

/**
 * The known facts about a column's dtype. `given`: fastai's frame of one row stores objects,
 * whatever they are. `number`: a column of numbers that may be integers or floats; JavaScript does
 * not distinguish them.
 */
export type ColumnType = 'given' | 'number' | 'float' | 'int' | 'bool' | 'float32';

export const isMissing = (cell: Cell): boolean => typeof cell === 'number' && cell !== cell;

/** A Python value for one cell; undefined if it is not one. */
export function cellOf(value: Value): Cell | undefined {
  if (value === null) return NaN;
  if (typeof value === 'bigint') return Number(value);
  if (typeof value === 'number' || typeof value === 'string' || typeof value === 'boolean') {
    return value;
  }
  if (!(value instanceof ArrayValue) || value.array.size !== 1 || value.array.ndim > 0) {
    return undefined;
  }
  return value.array.dtype === 'bool' ? value.array.first !== 0 : value.array.first;
}

/** A pandas Series, or a numpy array made from one. It is immutable. */
export class ColumnValue extends HostObject {
  /** Filled by `column-methods.ts`. */
  static readonly methods = new Map<string, Builtin>();
  static readonly type: ClassValue = new ClassValue(
    'Series',
    'pandas.core.series.Series',
    [TYPES.object],
    [],
    { has: (value) => value instanceof ColumnValue },
  );
  override readonly typeName = 'Series';
  override readonly cls = ColumnValue.type;

  constructor(
    readonly cells: readonly Cell[],
    readonly type: ColumnType,
    readonly of: ColumnFacts,
  ) {
    super();
  }

  /** The same number of cells, in the same column. */
  with(cells: readonly Cell[], type: ColumnType): ColumnValue {
    return new ColumnValue(cells, type, this.of);
  }

  override getAttr(name: string, ctx: Context): Value | undefined {
    const method = ColumnValue.methods.get(name);
    if (method) return new BoundMethod(this, method);
    if (name === 'values' || name === 'array') return this;
    if (name === 'name') return this.of.name;
    if (name === 'str') return new TextsValue(this);
    throw ctx.unknown(`Series.${name}`);
  }

  override unary(op: UnaryOp, ctx: Context): Value {
    if (op === '~') {
      if (this.type !== 'bool')
        throw ctx.unsupported('~ of a column that is not the result of a comparison');
      return this.with(
        this.cells.map((cell) => !cell),
        'bool',
      );
    }
    if (this.type === 'bool') throw ctx.unsupported(`${op} of a column of booleans`);
    return this.with(
      this.cells.map((cell) => (op === '-' ? -numberOf(ctx, cell) : numberOf(ctx, cell))),
      this.type,
    );
  }

  override binary(
    op: BinaryOp,
    other: Value,
    { reflected }: { readonly reflected: boolean },
    ctx: Context,
  ): Value | undefined {
    const right = operand(this, other);
    if (!right) return undefined;
    ctx.budget.step(this.cells.length);
    ctx.budget.charge(this.cells.length);
    const [a, b] = reflected ? [right, this] : [this, right];
    return op === '&' || op === '|' || op === '^'
      ? this.with(logical(ctx, op, a, b), 'bool')
      : arithmetic(ctx, op, this, a, b);
  }

  override compare(op: CompareOp, other: Value, ctx: Context): Value | undefined {
    const right = operand(this, other);
    if (!right) return undefined;
    ctx.budget.step(this.cells.length);
    ctx.budget.charge(this.cells.length);
    const cells = this.cells.map((cell, row) => {
      const against = right.cells[row]!;
      if (isMissing(cell) || isMissing(against)) return op === '!=';
      if (typeof cell === 'number' && typeof against === 'number') {
        return compareNumbers(op, cell, against);
      }
      return ctx.truth(ctx.compare(op, cell, against));
    });
    return this.with(cells, 'bool');
  }

  override truth(ctx: Context): boolean {
    throw ctx.raise(
      'ValueError',
      'The truth value of a Series is ambiguous. Use a.empty, a.bool(), a.item(), a.any() or a.all().',
    );
  }

  override length(ctx: Context): Value {
    this.of.needsOneRow(ctx, 'len() of a column');
    return BigInt(this.cells.length);
  }

  override getItem(_key: Value, ctx: Context): Value {
    throw ctx.unsupported('a part of a column by position or label');
  }

  override setItem(_key: Value, _value: Value, ctx: Context): void {
    throw ctx.unsupported('a change to a part of a column; use to.loc[mask, column]');
  }

  override iterate(ctx: Context): Iterator<Value> {
    throw ctx.unsupported('a loop over the cells of a column; use apply()');
  }
}

/** `column.str`. */
export class TextsValue extends HostObject {
  static readonly methods = new Map<string, Builtin>();
  override readonly typeName = 'StringMethods';

  constructor(readonly column: ColumnValue) {
    super();
  }

  override getAttr(name: string, ctx: Context): Value | undefined {
    const method = TextsValue.methods.get(name);
    if (method) return new BoundMethod(this, method);
    throw ctx.unknown(`Series.str.${name}`);
  }

  override getItem(key: Value, ctx: Context): Value {
    return ctx.call(this.getAttr('__getitem__', ctx)!, [key]);
  }
}

/** What a column knows about its rows. */
export interface ColumnFacts {
  readonly name: string;
  /** Whether whole numbers of the column had no decimal point in training; undefined if unknown. */
  readonly whole: boolean | undefined;
  /** @throws if the result would depend on which rows are grouped */
  needsOneRow(ctx: Context, what: string): void;
}

interface Operand {
  readonly cells: readonly Cell[];
  /** Undefined for None, and for Python numbers and texts, whose type yields. */
  readonly type?: ColumnType;
  readonly whole?: boolean;
}

/** A column, or one value for all its cells. */
export function operand(beside: ColumnValue, value: Value): Operand | undefined {
  if (value instanceof ColumnValue) return value;
  const cell = cellOf(value);
  if (cell === undefined) return undefined;
  const cells = Array.from({ length: beside.cells.length }, () => cell);
  return { cells, whole: typeof value === 'bigint' || typeof value === 'boolean' };
}

export function numberOf(ctx: Context, cell: Cell): number {
  if (typeof cell === 'string') {
    throw ctx.raise('TypeError', 'unsupported operand types: a column of texts, and numbers');
  }
  return Number(cell);
}

function logical(ctx: Context, op: '&' | '|' | '^', a: Operand, b: Operand): boolean[] {
  return a.cells.map((left, row) => {
    const right = b.cells[row]!;
    if (typeof left !== 'boolean' || typeof right !== 'boolean') {
      throw ctx.unsupported(`${op} of columns that are not all booleans`);
    }
    return op === '&' ? left && right : op === '|' ? left || right : left !== right;
  });
}

function arithmetic(
  ctx: Context,
  op: BinaryOp,
  self: ColumnValue,
  a: Operand,
  b: Operand,
): ColumnValue | undefined {
  const f = ARITHMETIC.get(op);
  if (!f) return undefined;
  if ([a, b].every(({ cells }) => cells.some((cell) => typeof cell === 'boolean'))) {
    throw ctx.unsupported(`${op} of two columns of booleans; use astype(int)`);
  }
  const type = resultType(ctx, op, a, b);
  const cells = a.cells.map((left, row): Cell => {
    const right = b.cells[row]!;
    if (isMissing(left) || isMissing(right)) {
      // 1 ** NaN and NaN ** 0 are 1.
      if (op === '**') throw ctx.unsupported('** of a missing value');
      return NaN;
    }
    if (typeof left === 'string' || typeof right === 'string') {
      if (op === '+' && typeof left === typeof right) {
        ctx.budget.charge((left as string).length + (right as string).length);
        return (left as string) + (right as string);
      }
      throw ctx.raise('TypeError', `unsupported operand types for ${op}: a text and a number`);
    }
    const [x, y] = [Number(left), Number(right)];
    if (y === 0 && (op === '//' || op === '%')) throw ctx.unsupported(`${op} by zero in a column`);
    const made = type === 'float32' ? Math.fround(f(Math.fround(x), Math.fround(y))) : f(x, y);
    if (type !== 'float' && type !== 'float32') {
      if (made !== made)
        throw ctx.unsupported(`${op} of numbers without a numeric result; use astype(float)`);
      if (Number.isInteger(made) && Math.abs(made) > Number.MAX_SAFE_INTEGER) {
        throw ctx.unsupported('an integer beyond 2^53 in a column; use astype(float)');
      }
    }
    if (type === 'int' && !Number.isInteger(made)) {
      throw ctx.unsupported('integers to negative powers in a column');
    }
    return made;
  });
  return self.with(cells, type);
}

function resultType(ctx: Context, op: BinaryOp, a: Operand, b: Operand): ColumnType {
  const types = [a.type, b.type].map((type) => (type === 'bool' ? 'int' : type));
  if (types.includes('given')) return 'given';
  if (types.includes('float32')) {
    if (types.every((type) => type === 'float32' || type === undefined) && SINGLE.has(op)) {
      return 'float32';
    }
    throw ctx.unsupported(`${op} of a column of float32; use astype(float)`);
  }
  const isFraction = ({ type, whole }: Operand): boolean => type === undefined && !whole;
  if (op === '/' || types.includes('float') || isFraction(a) || isFraction(b)) return 'float';
  return types.includes('number') ? 'number' : 'int';
}

/** Operations that stay exact if doubles are rounded to single precision. */
const SINGLE: ReadonlySet<BinaryOp> = new Set(['+', '-', '*', '/']);

function modulo(x: number, y: number): number {
  const rest = x % y;
  return rest !== 0 && rest < 0 !== y < 0 ? rest + y : rest;
}

function floored(x: number, y: number): number {
  const quotient = (x - modulo(x, y)) / y;
  const whole = Math.floor(quotient);
  return quotient - whole > 0.5 ? whole + 1 : whole;
}

const ARITHMETIC: ReadonlyMap<BinaryOp, (x: number, y: number) => number> = new Map([
  ['+', (x, y) => x + y],
  ['-', (x, y) => x - y],
  ['*', (x, y) => x * y],
  ['/', (x, y) => x / y],
  ['//', floored],
  ['%', modulo],
  ['**', (x, y) => x ** y],
]);

function compareNumbers(op: CompareOp, x: number, y: number): boolean {
  switch (op) {
    case '<':
      return x < y;
    case '<=':
      return x <= y;
    case '==':
      return x === y;
    case '!=':
      return x !== y;
    case '>':
      return x > y;
    default:
      return x >= y;
  }
}
