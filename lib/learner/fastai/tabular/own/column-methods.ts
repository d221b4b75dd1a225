import type { Given } from '../../../python/builtins/define.js';
import { method } from '../../../python/builtins/define.js';
import type { Context } from '../../../python/context.js';
import { PyException } from '../../../python/exceptions.js';
import { TYPES } from '../../../python/types.js';
import { ClassValue, Dict, List, Tuple, type Value } from '../../../python/values.js';
import { DTypeValue } from '../../code/numpy/array-value.js';
import { parseFloat_ } from '../number-reader.js';
import {
  cellOf,
  ColumnValue,
  isMissing,
  numberOf,
  operand,
  TextsValue,
  type Cell,
  type ColumnType,
} from './column-value.js';

type Run = (ctx: Context, column: ColumnValue, given: Given) => Value;

function define(names: string, parameters: string, run: Run): void {
  for (const name of names.split(' ')) {
    const made = method(name, parameters, (ctx, self, given) => {
      if (!(self instanceof ColumnValue)) throw ctx.raise('TypeError', `${name}() needs a Series`);
      ctx.budget.step(self.cells.length);
      ctx.budget.charge(self.cells.length);
      return run(ctx, self, given);
    });
    ColumnValue.methods.set(name, made);
  }
}

/** A column or one value, an argument of `fillna`, `clip` and `where`. */
function beside(ctx: Context, column: ColumnValue, value: Value, what: string): readonly Cell[] {
  const found = operand(column, value);
  if (found) return found.cells;
  throw ctx.unsupported(`${what} with a ${ctx.typeOf(value).name}`);
}

/** The dtype of a column after some cells were set. */
function mixed(column: ColumnValue, cells: readonly Cell[], put: Value): ColumnType {
  if (column.type === 'given' || column.type === 'float32') return column.type;
  const own = cells.every((cell) => typeof cell === 'number');
  if (!own) return cells.every((cell) => typeof cell === 'boolean') ? 'bool' : 'given';
  if (column.type === 'float') return 'float';
  const other = put instanceof ColumnValue ? put.type : typeof put === 'bigint' ? 'int' : 'float';
  return other === column.type ? other : other === 'float' ? 'float' : 'number';
}

/** Functions of each number in numpy and pandas; on object columns they map numbers to numbers. */
export function ofNumbers(
  ctx: Context,
  column: ColumnValue,
  what: string,
  f: (x: number) => number,
): ColumnValue {
  if (column.type === 'float32') throw ctx.unsupported(`${what} of a column of float32`);
  return column.with(
    column.cells.map((cell) => f(numberOf(ctx, cell))),
    'float',
  );
}

export function chosen(
  ctx: Context,
  column: ColumnValue,
  condition: Value,
  yes: Value,
  no: Value,
): ColumnValue {
  if (!(condition instanceof ColumnValue) || condition.type !== 'bool') {
    throw ctx.unsupported('a choice by anything but a comparison of columns');
  }
  const [a, b] = [beside(ctx, column, yes, 'a choice'), beside(ctx, column, no, 'a choice')];
  const cells = condition.cells.map((cell, row) => (cell ? a[row]! : b[row]!));
  const typed = [yes, no].find((one) => one instanceof ColumnValue);
  const whole = [yes, no].every((one) => typeof one === 'bigint');
  const start = typed ?? column.with(cells, whole ? 'int' : 'float');
  const put = typed === yes ? no : yes;
  return column.with(cells, mixed(start as ColumnValue, cells, typed === undefined ? no : put));
}

define('fillna', 'value', (ctx, column, given) => {
  const put = beside(ctx, column, given.get('value'), 'fillna()');
  const cells = column.cells.map((cell, row) => (isMissing(cell) ? put[row]! : cell));
  return column.with(cells, mixed(column, cells, given.get('value')));
});
define('isna isnull', '', (_ctx, column) => column.with(column.cells.map(isMissing), 'bool'));
define('notna notnull', '', (_ctx, column) =>
  column.with(
    column.cells.map((cell) => !isMissing(cell)),
    'bool',
  ),
);
define('abs', '', (ctx, column) =>
  column.with(
    column.cells.map((cell) => Math.abs(numberOf(ctx, cell))),
    column.type,
  ),
);
define('clip', 'lower=, upper=', (ctx, column, given) => {
  const [low, high] = ['lower', 'upper'].map((name) =>
    given.get(name) === null ? undefined : beside(ctx, column, given.get(name), 'clip()'),
  );
  const cells = column.cells.map((cell, row) => {
    let number = numberOf(ctx, cell);
    const [least, most] = [low?.[row], high?.[row]];
    if (least !== undefined && number < numberOf(ctx, least)) number = Number(least);
    if (most !== undefined && number > numberOf(ctx, most)) number = Number(most);
    return number;
  });
  return column.with(
    cells,
    column.type === 'int' || column.type === 'bool' ? 'number' : column.type,
  );
});
define('round', 'decimals=', (ctx, column, given) => {
  if (column.type === 'given') {
    throw ctx.unsupported('round() of an input column; call astype(float) first');
  }
  if (given.int('decimals', 0n) !== 0n) throw ctx.unsupported('round() to decimals');
  const even = (x: number): number => {
    const low = Math.floor(x);
    if (x - low !== 0.5) return Math.round(x);
    return low % 2 === 0 ? low : low + 1;
  };
  return column.with(
    column.cells.map((cell) => even(numberOf(ctx, cell))),
    column.type,
  );
});
define('where', 'cond, other=', (ctx, column, given) =>
  chosen(ctx, column, given.get('cond'), column, given.raw('other') ?? NaN),
);
define('mask', 'cond, other=', (ctx, column, given) =>
  chosen(ctx, column, given.get('cond'), given.raw('other') ?? NaN, column),
);
define('copy to_numpy', '', (_ctx, column) => column);
define('between', 'left, right', (ctx, column, given) =>
  ctx.binary(
    '&',
    ctx.compare('>=', column, given.get('left')),
    ctx.compare('<=', column, given.get('right')),
  ),
);
define('isin', 'values', (ctx, column, given) => {
  const wanted = [...ctx.iterate(given.get('values'))].map((value) => known(ctx, value, 'isin()'));
  ctx.budget.step(wanted.length * column.cells.length);
  return column.with(
    column.cells.map((cell) => wanted.some((one) => isSame(ctx, cell, one))),
    'bool',
  );
});
for (const [names, op] of [
  ['add', '+'],
  ['sub', '-'],
  ['mul', '*'],
  ['div truediv', '/'],
  ['pow', '**'],
] as const) {
  define(names, 'other', (ctx, column, given) => ctx.binary(op, column, given.get('other')));
}
for (const [names, op] of [
  ['gt', '>'],
  ['ge', '>='],
  ['lt', '<'],
  ['le', '<='],
  ['eq', '=='],
  ['ne', '!='],
] as const) {
  define(names, 'other', (ctx, column, given) => ctx.compare(op, column, given.get('other')));
}

// For one row, this equals pandas' result for one row; for several it would depend on how they are
// grouped.
const aggregate = (names: string, run: (ctx: Context, column: ColumnValue) => Value): void =>
  define(names, '', (ctx, column) => {
    column.of.needsOneRow(ctx, `${names}() of a column`);
    return run(ctx, column);
  });
for (const name of ['mean', 'min', 'max', 'median']) {
  aggregate(name, (ctx, { cells: [cell = NaN] }) => numberOf(ctx, cell));
}
aggregate('std', () => NaN);
aggregate('any', (ctx, { type, cells: [cell = false] }) => {
  if (type !== 'bool')
    throw ctx.unsupported('any() of a column that is not the result of a comparison');
  return cell;
});
aggregate('all', (ctx, { type, cells: [cell = true] }) => {
  if (type !== 'bool')
    throw ctx.unsupported('all() of a column that is not the result of a comparison');
  return cell;
});

function dtypeName(ctx: Context, value: Value): string {
  if (value instanceof DTypeValue) return value.dtype;
  if (value instanceof ClassValue) return value.name;
  if (typeof value === 'string') return value;
  throw ctx.unsupported(`astype() to ${ctx.repr(value)}`);
}

define('astype', 'dtype, copy=', (ctx, column, given) => {
  const name = dtypeName(ctx, given.get('dtype'));
  switch (name) {
    case 'float':
    case 'float64':
    case 'double':
    case 'float32': {
      const cells = column.cells.map((cell) => floatOf(ctx, cell));
      return name === 'float32'
        ? column.with(cells.map(Math.fround), 'float32')
        : column.with(cells, 'float');
    }
    case 'int':
    case 'int64': {
      const cells = column.cells.map((cell) => intOf(ctx, cell));
      return column.with(cells, 'int');
    }
    case 'bool':
      return column.with(
        column.cells.map((cell) => {
          if (isMissing(cell)) throw ctx.unsupported('astype(bool) of a missing value');
          return Boolean(cell);
        }),
        'bool',
      );
    case 'str':
      return column.with(
        column.cells.map((cell) => textOf(ctx, column, cell)),
        'given',
      );
    case 'object':
    case 'O':
      return column.with(column.cells, 'given');
    default:
      throw ctx.unsupported(`astype(${name}) of a column`);
  }
});

export function floatOf(ctx: Context, cell: Cell): number {
  if (typeof cell !== 'string') return Number(cell);
  const number = parseFloat_(cell);
  if (number !== undefined) return number;
  throw ctx.raise('ValueError', `could not convert string to float: ${ctx.repr(cell)}`);
}

function intOf(ctx: Context, cell: Cell): number {
  if (typeof cell === 'string') {
    const whole = ctx.call(TYPES.int as ClassValue, [cell]);
    return Number(whole);
  }
  const number = Math.trunc(Number(cell));
  if (!Number.isSafeInteger(number)) {
    throw ctx.raise('ValueError', 'cannot convert float NaN or infinity to integer');
  }
  return number;
}

function textOf(ctx: Context, column: ColumnValue, cell: Cell): string {
  if (typeof cell === 'string') return cell;
  if (isMissing(cell)) {
    throw ctx.unsupported('astype(str) of a missing value, because versions of pandas differ');
  }
  if (typeof cell === 'boolean') return cell ? 'True' : 'False';
  const whole = isWhole(column);
  if (whole === undefined && Number.isInteger(cell)) {
    throw ctx.unsupported(
      `the text of the number ${cell} in "${column.of.name}", because it may be ${cell} or ` +
        `${cell}.0; send it as a text`,
    );
  }
  return ctx.str(whole && Number.isInteger(cell) ? BigInt(cell) : cell);
}

/** Whether whole numbers of a column are ints; undefined if unknown. */
function isWhole({ type, of }: ColumnValue): boolean | undefined {
  if (type === 'int') return true;
  return type === 'float' || type === 'float32' ? false : of.whole;
}

function known(ctx: Context, value: Value, what: string): Cell {
  const cell = cellOf(value);
  if (cell === undefined) throw ctx.unsupported(`${what} of a ${ctx.typeOf(value).name}`);
  return cell;
}

/** pandas' equality. Between booleans and numbers it depends on how pandas stores them. */
function isSame(ctx: Context, cell: Cell, other: Cell): boolean {
  if (isMissing(cell) || isMissing(other)) return isMissing(cell) && isMissing(other);
  if (typeof cell !== typeof other && typeof cell !== 'string' && typeof other !== 'string') {
    throw ctx.unsupported('a look-up of booleans among numbers');
  }
  return cell === other;
}

/** `map` and `replace` with a dictionary. */
function looked(ctx: Context, dict: Dict, what: string): (cell: Cell) => Cell | undefined {
  if (dict.factory !== undefined || dict.cls !== undefined) {
    throw ctx.unsupported(`${what} with a subclass of dict`);
  }
  const booleans = new Set<boolean>();
  const places = new Map<Cell, Cell>();
  for (const [key, value] of dict.entries.values()) {
    const cell = known(ctx, key, what);
    booleans.add(typeof cell === 'boolean');
    places.set(cell, known(ctx, value, what));
  }
  return (cell) => {
    if (isMissing(cell) && places.has(NaN)) throw ctx.unsupported(`${what} of missing values`);
    if (typeof cell !== 'string' && !isMissing(cell) && booleans.has(typeof cell !== 'boolean')) {
      throw ctx.unsupported(`${what}, which looks up booleans among numbers`);
    }
    return places.get(cell);
  };
}

/** pandas infers the dtype of a function's results. */
function inferred(column: ColumnValue, cells: readonly Cell[]): ColumnValue {
  const all = (type: string): boolean => cells.every((cell) => typeof cell === type);
  return column.with(cells, all('number') ? 'number' : all('boolean') ? 'bool' : 'given');
}

/**
 * A function of each cell. If JavaScript does not show what Python has (1 or 1.0, None or NaN),
 * each is tried, and the results must agree.
 */
function applied(ctx: Context, column: ColumnValue, func: Value, what: string): ColumnValue {
  const cells = column.cells.map((cell) => {
    const [first, ...rest] = variants(column, cell).map((value) => outcome(ctx, func, value, what));
    if (rest.every((other) => Object.is(other.cell, first!.cell))) {
      if (first!.error !== undefined) throw first!.error;
      return first!.cell!;
    }
    const told = isMissing(cell)
      ? 'a missing value is None or NaN'
      : `${cell} is an int or a float`;
    throw ctx.unsupported(`a function of "${column.of.name}" that depends on whether ${told}`);
  });
  return inferred(column, cells);
}

function variants(column: ColumnValue, cell: Cell): Value[] {
  if (isMissing(cell)) return column.type === 'given' ? [NaN, null] : [NaN];
  if (typeof cell !== 'number' || !Number.isSafeInteger(cell)) return [cell];
  const whole = isWhole(column);
  if (whole !== undefined) return [whole ? BigInt(cell) : cell];
  return [BigInt(cell), cell];
}

interface Outcome {
  readonly cell?: Cell;
  readonly error?: unknown;
}

function outcome(ctx: Context, func: Value, value: Value, what: string): Outcome {
  try {
    return { cell: known(ctx, ctx.call(func, [value]), what) };
  } catch (error) {
    if (error instanceof PyException) return { error };
    throw error;
  }
}

define('map', 'arg=, na_action=, func=', (ctx, column, given) => {
  const how = given.raw('arg') ?? given.get('func');
  if (how instanceof Dict) {
    const find = looked(ctx, how, 'map()');
    return inferred(
      column,
      column.cells.map((cell) => find(cell) ?? NaN),
    );
  }
  if (given.get('na_action') === null) return applied(ctx, column, how, 'map()');
  const present = column.with(
    column.cells.filter((cell) => !isMissing(cell)),
    column.type,
  );
  const made = applied(ctx, present, how, 'map()').cells[Symbol.iterator]();
  return inferred(
    column,
    column.cells.map((cell) => (isMissing(cell) ? cell : made.next().value!)),
  );
});
define('apply', 'func', (ctx, column, given) => applied(ctx, column, given.get('func'), 'apply()'));
define('replace', 'to_replace, value=', (ctx, column, given) => {
  const [from, to] = [given.get('to_replace'), given.raw('value')];
  if (from instanceof Dict && to === undefined) {
    const find = looked(ctx, from, 'replace()');
    const cells = column.cells.map((cell) => find(cell) ?? cell);
    return column.with(cells, column.type === 'bool' ? 'given' : mixed(column, cells, NaN));
  }
  if (to === undefined || to === null) throw ctx.unsupported('replace() by None');
  const wanted = from instanceof List || from instanceof Tuple ? from.items : [from];
  const olds = wanted.map((one) => known(ctx, one, 'replace()'));
  const put = known(ctx, to, 'replace()');
  ctx.budget.step(olds.length * column.cells.length);
  const cells = column.cells.map((cell) =>
    olds.some((old) => isSame(ctx, cell, old)) ? put : cell,
  );
  return column.with(cells, mixed(column, cells, to));
});

/** A method of each text; other values become missing. */
function texts(
  name: string,
  parameters: string,
  of: (ctx: Context, text: string, given: Given) => Value,
  absent: (given: Given) => Value = () => null,
): void {
  const made = method(name, parameters, (ctx, self, given) => {
    const { column } = self as TextsValue;
    ctx.budget.step(column.cells.length);
    const present = column.cells.filter((cell) => !isMissing(cell));
    if (present.length > 0 && !present.some((cell) => typeof cell === 'string')) {
      throw ctx.raise('AttributeError', 'Can only use .str accessor with string values!');
    }
    const cells = column.cells.map((cell) => {
      const value = typeof cell === 'string' ? of(ctx, cell, given) : absent(given);
      return known(ctx, value, `str.${name}()`);
    });
    return inferred(column, cells);
  });
  TextsValue.methods.set(name, made);
}

for (const name of ['lower', 'upper', 'title', 'capitalize', 'swapcase', 'casefold']) {
  texts(name, '', (ctx, text) => ctx.call(ctx.getAttr(text, name), []));
}
for (const name of ['strip', 'lstrip', 'rstrip']) {
  texts(name, 'to_strip=', (ctx, text, given) =>
    ctx.call(ctx.getAttr(text, name), [given.get('to_strip')]),
  );
}
texts('zfill', 'width', (ctx, text, given) =>
  ctx.call(ctx.getAttr(text, 'zfill'), [given.get('width')]),
);
texts('len', '', (ctx, text) => ctx.length(text));
texts('__getitem__', 'key', (ctx, text, given) => {
  if (typeof given.get('key') === 'bigint') throw ctx.unsupported('str[place] of a column');
  return ctx.getItem(text, given.get('key'));
});
texts('slice', 'start=, stop=, step=', (ctx, text, given) =>
  ctx.getItem(
    text,
    ctx.call(TYPES.slice as ClassValue, [given.get('start'), given.get('stop'), given.get('step')]),
  ),
);
for (const name of ['startswith', 'endswith']) {
  texts(
    name,
    'pat, na=',
    (ctx, text, given) => ctx.call(ctx.getAttr(text, name), [given.get('pat')]),
    (given) => given.get('na'),
  );
}
texts(
  'contains',
  'pat, case=, flags=, na=, regex=',
  (ctx, text, given) => {
    if (!given.truth('case', true) || given.int('flags', 0n) !== 0n) {
      throw ctx.unsupported('str.contains() with case or flags');
    }
    if (!given.truth('regex', true)) return ctx.contains(text, given.get('pat'));
    return ctx.call(ctx.resolve('re.search')!, [given.get('pat'), text]) !== null;
  },
  (given) => given.get('na'),
);
texts('replace', 'pat, repl=, n=, case=, flags=, regex=', (ctx, text, given) => {
  const [pat, repl, regex] = [given.get('pat'), given.get('repl'), given.raw('regex')];
  if (['n', 'case', 'flags'].some((name) => given.raw(name) !== undefined)) {
    throw ctx.unsupported('str.replace() with n, case or flags');
  }
  if (typeof pat !== 'string' || typeof repl !== 'string') {
    throw ctx.unsupported('str.replace() with arguments that are not texts');
  }
  if (regex !== undefined && ctx.truth(regex)) {
    return ctx.call(ctx.resolve('re.sub')!, [pat, repl, text]);
  }
  if (regex === undefined && pat.length > 1 && /[.*+?^$()[\]{}|\\]/.test(pat)) {
    throw ctx.unsupported('str.replace() without regex=, because versions of pandas differ');
  }
  return ctx.call(ctx.getAttr(text, 'replace'), [pat, repl]);
});
