import { method, type Given } from '../../python/builtins/define.js';
import type { Context } from '../../python/context.js';
import { HostObject } from '../../python/host.js';
import { TYPES } from '../../python/types.js';
import {
  BoundMethod,
  ClassValue,
  Dict,
  List,
  Slice,
  Tuple,
  type Builtin,
  type Value,
} from '../../python/values.js';
import { ArrayValue, dtypeOf, DTypeValue } from '../code/numpy/array-value.js';
import type { NpDType } from '../code/numpy/dtypes.js';
import { Nd } from '../code/numpy/nd-array.js';
import { SERIES_NAMES } from './series-names.js';

/** A row of a data frame, pandas' Series, for getters: its cells by name and by position. */
export class RowValue extends HostObject {
  static readonly type = new ClassValue('Series', 'pandas.core.series.Series', [TYPES.object], [], {
    has: (value) => value instanceof RowValue,
  });
  override readonly typeName = 'Series';
  override readonly cls = RowValue.type;

  /** @param dtype The dtype of its values, if the code sets one. */
  constructor(
    readonly cells: ReadonlyMap<string, Value>,
    private readonly dtype?: NpDType,
  ) {
    super();
  }

  override getItem(key: Value, ctx: Context): Value {
    if (typeof key === 'string') {
      const cell = this.cells.get(key);
      if (cell === undefined) throw ctx.raiseWith('KeyError', [key]);
      return cell;
    }
    if (typeof key === 'bigint') return this.#at(key, ctx);
    if (key instanceof List || key instanceof Tuple) {
      const names = key.items.map((name) => {
        if (typeof name === 'string') return name;
        throw ctx.unsupported('cells of a row by a list that contains more than names');
      });
      const cells = names.map((name): [string, Value] => [name, this.getItem(name, ctx)]);
      return new RowValue(new Map(cells), this.dtype);
    }
    if (key instanceof Slice) throw ctx.unsupported('a slice of a row');
    throw ctx.raiseWith('KeyError', [key]);
  }

  /** pandas treats a whole number as a position if all columns have text names. */
  #at(place: bigint, ctx: Context): Value {
    const cells = [...this.cells.values()];
    const cell = cells.at(Number(place));
    if (cell !== undefined) return cell;
    throw ctx.raise('IndexError', 'single positional indexer is out-of-bounds');
  }

  override getAttr(name: string, ctx: Context): Value | undefined {
    const own = methods.get(name);
    if (own) return new BoundMethod(this, own);
    switch (name) {
      case 'index':
        return new List([...this.cells.keys()]);
      case 'values':
      case 'array':
        return this.#values(ctx);
      case 'iloc':
      case 'iat':
        return new Places(this);
      case 'loc':
      case 'at':
        return this;
      case 'dtype':
        if (this.dtype) return DTypeValue.of(this.dtype);
        throw ctx.unknown('Series.dtype');
      case 'size':
        return BigInt(this.cells.size);
      case 'shape':
        return new Tuple([BigInt(this.cells.size)]);
      default: {
        if (SERIES_NAMES.has(name)) throw ctx.unknown(`Series.${name}`);
        return this.cells.get(name);
      }
    }
  }

  #values(ctx: Context): Value {
    const cells = [...this.cells.values()];
    const numbers = cells.map((cell) => {
      if (typeof cell === 'number' || typeof cell === 'bigint') return Number(cell);
      throw ctx.unsupported('the values of a row that are not all numbers');
    });
    const whole = cells.every((cell) => typeof cell === 'bigint');
    const data = Float64Array.from(numbers);
    const made = Nd.of(whole ? 'int64' : 'float64', [numbers.length], data);
    return new ArrayValue(this.dtype ? made.astype(this.dtype) : made);
  }

  /** The same cells as numbers of a numpy dtype. */
  as(ctx: Context, type: Value): RowValue {
    const dtype = dtypeOf(ctx, type);
    if (dtype === undefined || dtype === 'bool')
      throw ctx.unsupported('astype() of a row with these arguments');
    const floats = dtype.startsWith('float');
    const cells = [...this.cells].map(([name, cell]): [string, Value] => {
      if (typeof cell !== 'number' && typeof cell !== 'bigint' && typeof cell !== 'boolean') {
        throw ctx.unsupported('astype() of a row with cells that are not numbers');
      }
      return [name, floats ? Number(cell) : BigInt(Math.trunc(Number(cell)))];
    });
    return new RowValue(new Map(cells), dtype);
  }

  override contains(item: Value): boolean {
    return typeof item === 'string' && this.cells.has(item);
  }

  override iterate(): Iterator<Value> {
    return this.cells.values();
  }

  override length(): Value {
    return BigInt(this.cells.size);
  }

  override repr(): string {
    return `<row of ${this.cells.size} cells>`;
  }

  override str(): string {
    return this.repr();
  }
}

/** `row.iloc[0]`. */
class Places extends HostObject {
  override readonly typeName = '_iLocIndexer';

  constructor(private readonly row: RowValue) {
    super();
  }

  override getItem(key: Value, ctx: Context): Value {
    if (typeof key !== 'bigint')
      throw ctx.unsupported('iloc of a row with anything but one number');
    return this.row.getItem(key, ctx);
  }
}

const rowOf = (self: Value): RowValue => self as RowValue;

const asDict = (ctx: Context, self: Value): Dict => {
  const dict = new Dict();
  for (const [name, cell] of rowOf(self).cells) dict.entries.set(ctx.keyOf(name), [name, cell]);
  return dict;
};

const valuesOf = (_ctx: Context, self: Value): Value => new List([...rowOf(self).cells.values()]);

const methods: ReadonlyMap<string, Builtin> = new Map(
  [
    method('get', 'key, default=', (ctx, self, given: Given) => {
      const key = given.get('key');
      if (typeof key !== 'string') throw ctx.unsupported('get() of a row with anything but a name');
      return rowOf(self).cells.get(key) ?? given.get('default');
    }),
    method('keys', '', (_ctx, self) => new List([...rowOf(self).cells.keys()])),
    method('items', '', (_ctx, self) => {
      const pairs = [...rowOf(self).cells].map(([name, cell]) => new Tuple([name, cell]));
      return new List(pairs);
    }),
    method('to_dict', '', asDict),
    method('astype', 'dtype, **', (ctx, self, given) => rowOf(self).as(ctx, given.get('dtype'))),
    method('tolist', '', valuesOf),
    method('to_list', '', valuesOf),
    method('to_numpy', '', (ctx, self) => ctx.getAttr(self, 'values')),
    method('copy', 'deep=', (_ctx, self) => new RowValue(rowOf(self).cells)),
  ].map((one) => [one.name, one]),
);
