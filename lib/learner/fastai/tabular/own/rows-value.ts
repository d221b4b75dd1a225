import { method, type Given } from '../../../python/builtins/define.js';
import type { Context } from '../../../python/context.js';
import { HostObject, type BinaryOp, type CompareOp } from '../../../python/host.js';
import { TYPES } from '../../../python/types.js';
import {
  BoundMethod,
  ClassValue,
  Dict,
  Func,
  List,
  Slice,
  Tuple,
  type Builtin,
  type Value,
} from '../../../python/values.js';
import { CellError, MissingColumnError } from '../../errors.js';
import { chosen } from './column-methods.js';
import {
  cellOf,
  ColumnValue,
  type Cell,
  type ColumnFacts,
  type ColumnType,
} from './column-value.js';

/** The rows that procs change, column by column. */
export interface RowsSource {
  readonly rows: number;
  /** Whether they are all rows that fastai would see, so that an aggregation has a meaning. */
  readonly alone: boolean;
  readonly names: readonly string[];
  column(name: string): readonly unknown[] | undefined;
  /** The column before any change. */
  typeOf(name: string): ColumnType;
  /** Whether whole numbers of the column are ints. */
  whole(name: string): boolean | undefined;
}

export interface ColumnNames {
  readonly cat_names: List;
  readonly cont_names: List;
  readonly y_names: List;
}

/** `to`: fastai's TabularPandas, with its frame. */
export class RowsValue extends HostObject {
  static readonly types: readonly ClassValue[] = ['Tabular', 'TabularPandas'].map(
    (name) =>
      new ClassValue(name, `fastai.tabular.core.${name}`, [TYPES.object], [], {
        has: (value) => value instanceof RowsValue,
      }),
  );
  override readonly typeName = 'TabularPandas';
  override readonly cls = RowsValue.types[1]!;
  readonly #columns = new Map<string, ColumnValue>();
  /** Columns that are codes by now; pandas stores them as bytes. */
  readonly codes = new Set<string>();

  constructor(
    readonly source: RowsSource,
    readonly names: ColumnNames,
  ) {
    super();
  }

  has(name: string): boolean {
    return this.#columns.has(name) || this.source.names.includes(name);
  }

  /** The current cells of a column. @throws MissingColumnError */
  cells(name: string): ArrayLike<unknown> {
    const cells = this.#columns.get(name)?.cells ?? this.source.column(name);
    if (cells) return cells;
    throw new MissingColumnError([name], this.source.names);
  }

  put(name: string, cells: readonly Cell[], type: ColumnType): void {
    this.#columns.set(name, new ColumnValue(cells, type, this.#facts(name)));
  }

  column(name: string, ctx: Context): ColumnValue {
    if (this.codes.has(name)) {
      throw ctx.unsupported(`the column "${name}" after Categorify, when it contains codes`);
    }
    let column = this.#columns.get(name);
    if (!column) {
      const cells = Array.from(this.cells(name), (cell, row) => readCell(name, row, cell));
      column = new ColumnValue(cells, this.source.typeOf(name), this.#facts(name));
      ctx.budget.charge(cells.length);
      this.#columns.set(name, column);
    }
    return column;
  }

  #facts(name: string): ColumnFacts {
    const { source } = this;
    return {
      name,
      whole: source.whole(name),
      needsOneRow(ctx, what) {
        if (source.alone) return;
        throw ctx.unsupported(`${what} over several rows; predict() takes one at a time`);
      },
    };
  }

  override getItem(key: Value, ctx: Context): Value {
    if (typeof key === 'string') return this.column(key, ctx);
    return new TableValue(
      new Map(namesOf(ctx, key).map((name) => [name, this.column(name, ctx)] as const)),
    );
  }

  override setItem(key: Value, value: Value, ctx: Context): void {
    const names = typeof key === 'string' ? [key] : namesOf(ctx, key);
    if (value instanceof TableValue) {
      const made = [...value.columns.values()];
      if (made.length !== names.length) throw ctx.unsupported('a different number of columns');
      names.forEach((name, at) => this.#set(name, made[at]!, ctx));
    } else for (const name of names) this.#set(name, value, ctx);
  }

  #set(name: string, value: Value, ctx: Context): void {
    if (this.codes.has(name)) throw ctx.unsupported(`a change to "${name}" after Categorify`);
    ctx.budget.charge(this.source.rows);
    if (value instanceof ColumnValue) return this.put(name, value.cells, value.type);
    const cell = cellOf(value);
    if (cell === undefined) {
      throw ctx.unsupported(`a ${ctx.typeOf(value).name} as the column "${name}"`);
    }
    const type = typeof value === 'bigint' ? 'int' : typeof cell === 'number' ? 'float' : 'given';
    const own = typeof cell === 'boolean' ? 'bool' : value === null ? 'given' : type;
    this.put(
      name,
      Array.from({ length: this.source.rows }, () => cell),
      own,
    );
  }

  /** `to.loc[mask, names] = value`. */
  setWhere(key: Value, value: Value, ctx: Context): void {
    const [rows, name] = key instanceof Tuple ? key.items : [];
    if (typeof name !== 'string') throw ctx.unsupported('to.loc of anything but one column');
    if (isEverything(rows)) return this.#set(name, value, ctx);
    const before = this.column(name, ctx);
    const made = chosen(ctx, before, rows ?? null, value, before);
    this.put(name, made.cells, made.type);
  }

  override contains(item: Value): boolean {
    return typeof item === 'string' && this.has(item);
  }

  override length(ctx: Context): Value {
    if (!this.source.alone) throw ctx.unsupported('len(to) of several rows');
    return BigInt(this.source.rows);
  }

  override getAttr(name: string, ctx: Context): Value | undefined {
    const { cat_names, cont_names, y_names } = this.names;
    switch (name) {
      case 'cat_names':
        return cat_names;
      case 'cont_names':
        return cont_names;
      case 'y_names':
        return y_names;
      case 'x_names':
        return new List([...cat_names.items, ...cont_names.items], cat_names.cls);
      case 'all_col_names': {
        const ys = y_names.items.every((y) => typeof y === 'string' && this.has(y));
        const items = [...cat_names.items, ...cont_names.items, ...(ys ? y_names.items : [])];
        return new List(items, cat_names.cls);
      }
      case 'cats':
        return this.getItem(cat_names, ctx);
      case 'conts':
        return this.getItem(cont_names, ctx);
      case 'xs':
        return this.getItem(this.getAttr('x_names', ctx)!, ctx);
      case 'items':
        return new ItemsValue(this);
      case 'loc':
        return new LocValue(this);
      case 'transform':
        return new BoundMethod(this, transform);
      default:
        throw ctx.unknown(`TabularPandas.${name}`);
    }
  }

  override setAttr(name: string, value: Value, ctx: Context): void {
    const keys = { cats: 'cat_names', conts: 'cont_names', xs: 'x_names' } as const;
    if (!Object.hasOwn(keys, name)) throw ctx.unknown(`TabularPandas.${name} = ...`);
    this.setItem(this.getAttr(keys[name as keyof typeof keys], ctx)!, value, ctx);
  }
}

/** `to.transform(columns, f)`. */
const transform = method('transform', 'cols, f, all_col=', (ctx, self, given) => {
  const rows = self as RowsValue;
  const all = given.truth('all_col', true);
  const names = namesOf(ctx, given.get('cols')).filter((name) => all || rows.has(name));
  for (const name of names) {
    rows.setItem(name, ctx.call(given.get('f'), [rows.column(name, ctx)]), ctx);
  }
  return null;
});

/** `to.items`. */
class ItemsValue extends HostObject {
  override readonly typeName = 'DataFrame';

  constructor(private readonly to: RowsValue) {
    super();
  }

  override getItem(key: Value, ctx: Context): Value {
    return this.to.getItem(key, ctx);
  }
  override setItem(key: Value, value: Value, ctx: Context): void {
    this.to.setItem(key, value, ctx);
  }
  override contains(item: Value): boolean {
    return this.to.contains(item);
  }
  override length(ctx: Context): Value {
    return this.to.length(ctx);
  }
  override getAttr(name: string, ctx: Context): Value | undefined {
    if (name === 'columns') return new NamesOfColumns(this.to);
    if (name === 'loc') return new LocValue(this.to);
    throw ctx.unknown(`DataFrame.${name}`);
  }
}

/**
 * `to.items.columns`: shows only whether a column exists, because rows may have columns that
 * fastai's do not.
 */
class NamesOfColumns extends HostObject {
  override readonly typeName = 'Index';

  constructor(private readonly to: RowsValue) {
    super();
  }

  override contains(item: Value): boolean {
    return this.to.contains(item);
  }
}

class LocValue extends HostObject {
  override readonly typeName = '_LocIndexer';

  constructor(private readonly to: RowsValue) {
    super();
  }

  override getItem(key: Value, ctx: Context): Value {
    const [rows, names] = key instanceof Tuple ? key.items : [];
    if (isEverything(rows) && names !== undefined) return this.to.getItem(names, ctx);
    throw ctx.unsupported('a choice of rows with to.loc');
  }
  override setItem(key: Value, value: Value, ctx: Context): void {
    this.to.setWhere(key, value, ctx);
  }
}

/** Some columns: a DataFrame that the code made. */
class TableValue extends HostObject {
  override readonly typeName = 'DataFrame';

  constructor(readonly columns: ReadonlyMap<string, ColumnValue>) {
    super();
  }

  override getItem(key: Value, ctx: Context): Value {
    const column = typeof key === 'string' ? this.columns.get(key) : undefined;
    if (column) return column;
    throw ctx.unsupported('a part of a frame from a proc');
  }

  override getAttr(name: string, ctx: Context): Value | undefined {
    const made = tableMethods.get(name);
    if (made) return new BoundMethod(this, made);
    throw ctx.unknown(`DataFrame.${name}`);
  }

  override binary(
    op: BinaryOp,
    other: Value,
    { reflected }: { readonly reflected: boolean },
    ctx: Context,
  ): Value | undefined {
    const value = this.#beside(other, ctx);
    if (!value) return undefined;
    return this.map((column, name) => {
      const against = value(name);
      return reflected ? ctx.binary(op, against, column) : ctx.binary(op, column, against);
    }, ctx);
  }

  override compare(op: CompareOp, other: Value, ctx: Context): Value | undefined {
    const value = this.#beside(other, ctx);
    return value && this.map((column, name) => ctx.compare(op, column, value(name)), ctx);
  }

  /** One value for all, or one per column by name. */
  #beside(other: Value, ctx: Context): ((name: string) => Value) | undefined {
    if (cellOf(other) !== undefined) return () => other;
    const values =
      other instanceof TableValue
        ? other.columns
        : other instanceof Dict
          ? new Map(other.entries.values())
          : undefined;
    if (!values) return undefined;
    const names = [...this.columns.keys()];
    if (values.size !== names.length || !names.every((name) => values.has(name))) {
      throw ctx.unsupported('an operation of frames with other columns');
    }
    return (name) => (values as ReadonlyMap<Value, Value>).get(name) ?? null;
  }

  map(f: (column: ColumnValue, name: string) => Value, ctx: Context): TableValue {
    const made = [...this.columns].map(([name, column]) => {
      const value = f(column, name);
      if (value instanceof ColumnValue) return [name, value] as const;
      throw ctx.unsupported('a function of columns that does not return columns');
    });
    return new TableValue(new Map(made));
  }

  override truth(ctx: Context): boolean {
    throw ctx.raise('ValueError', 'The truth value of a DataFrame is ambiguous.');
  }
}

const tableMethods = new Map<string, Builtin>();

for (const name of ['abs', 'isna', 'isnull', 'notna', 'notnull', 'round', 'copy']) {
  tableMethod(name, '*args', (ctx, table, given) =>
    table.map((column) => ctx.call(ctx.getAttr(column, name), given.rest), ctx),
  );
}
tableMethod('clip', 'lower=, upper=', (ctx, table, given) => {
  const bounds = [given.get('lower'), given.get('upper')];
  if (bounds.some((bound) => cellOf(bound) === undefined)) {
    throw ctx.unsupported('clip() of a frame by anything but two numbers');
  }
  return table.map((column) => ctx.call(ctx.getAttr(column, 'clip'), bounds), ctx);
});
for (const [name, parameter] of [
  ['fillna', 'value'],
  ['astype', 'dtype'],
] as const) {
  tableMethod(name, parameter, (ctx, table, given) => {
    const value = given.get(parameter);
    return table.map((column, key) => {
      const own = value instanceof Dict ? value.entries.get(ctx.keyOf(key))?.[1] : value;
      return own === undefined ? column : ctx.call(ctx.getAttr(column, name), [own]);
    }, ctx);
  });
}
for (const name of ['apply', 'transform']) {
  tableMethod(name, 'func', (ctx, table, given) =>
    table.map((column) => ctx.call(given.get('func'), [column]), ctx),
  );
}

function tableMethod(
  name: string,
  parameters: string,
  run: (ctx: Context, table: TableValue, given: Given) => Value,
): void {
  tableMethods.set(
    name,
    method(name, parameters, (ctx, self, given) => run(ctx, self as TableValue, given)),
  );
}

function isEverything(value: Value | undefined): boolean {
  return (
    value instanceof Slice && value.start === null && value.stop === null && value.step === null
  );
}

function namesOf(ctx: Context, value: Value): string[] {
  if (value instanceof Func || value instanceof ColumnValue) {
    throw ctx.unsupported('a choice of rows of to');
  }
  return Array.from(ctx.iterate(value), (name) => {
    if (typeof name === 'string') return name;
    throw ctx.unsupported('a column whose name is not a text');
  });
}

function readCell(name: string, row: number, cell: unknown): Cell {
  if (cell === null || cell === undefined) return NaN;
  switch (typeof cell) {
    case 'number':
    case 'string':
    case 'boolean':
      return cell;
    case 'bigint':
      if (Number.isSafeInteger(Number(cell))) return Number(cell);
  }
  throw new CellError(
    name,
    row,
    'contains a value that the code of the learner cannot read',
    'send a text, number or boolean, or null for a missing value',
  );
}
