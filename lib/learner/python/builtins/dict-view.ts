import { ENTRY, TUPLE } from '../budget.js';
import type { Context } from '../context.js';
import { HostObject, type BinaryOp } from '../host.js';
import { Builtin, Dict, SetValue, Tuple, type Value } from '../values.js';

const SET_OPERATORS: readonly BinaryOp[] = ['&', '|', '-', '^'];

/** `dict.keys()`, `.values()` or `.items()`: the current content of the dictionary. */
export class DictView extends HostObject {
  override readonly typeName: string;

  constructor(
    private readonly dict: Dict,
    private readonly kind: 'keys' | 'values' | 'items',
    private readonly reversed = false,
  ) {
    super();
    this.typeName = `dict_${kind}`;
  }

  override getAttr(name: string): Value | undefined {
    if (name === 'isdisjoint' && this.kind !== 'values') {
      return new Builtin(name, (ctx, [other]) => {
        for (const item of ctx.iterate(other ?? null)) if (this.contains(item, ctx)) return false;
        return true;
      });
    }
    if (name === '__len__') return new Builtin(name, () => this.length());
    if (name === '__iter__')
      return new Builtin(name, (ctx) => ctx.call(ctx.resolve('builtins.iter') ?? null, [this]));
    return undefined;
  }

  *#items(): Iterator<Value> & Iterable<Value> {
    const { entries } = this.dict;
    const pairs = this.reversed ? [...entries.values()].reverse() : entries.values();
    for (const [key, value] of pairs) {
      yield this.kind === 'keys' ? key : this.kind === 'values' ? value : new Tuple([key, value]);
    }
  }

  override *iterate(ctx: Context): Iterator<Value> {
    const { size } = this.dict.entries;
    for (const item of this.#items()) {
      if (this.kind === 'items') ctx.budget.charge(TUPLE);
      yield item;
      if (this.dict.entries.size !== size) {
        throw ctx.raise('RuntimeError', 'dictionary changed size during iteration');
      }
    }
  }

  override length(): Value {
    return BigInt(this.dict.entries.size);
  }

  override truth(): boolean {
    return this.dict.entries.size > 0;
  }

  override contains(item: Value, ctx: Context): boolean {
    if (this.kind === 'keys') return this.dict.entries.has(ctx.keyOf(item));
    if (this.kind === 'items') {
      if (!(item instanceof Tuple) || item.items.length !== 2) return false;
      const found = this.dict.entries.get(ctx.keyOf(item.items[0] ?? null));
      return found !== undefined && ctx.equal(found[1], item.items[1] ?? null);
    }
    for (const one of this.#items()) {
      ctx.budget.step();
      if (one === item || ctx.equal(one, item)) return true;
    }
    return false;
  }

  override binary(
    op: BinaryOp,
    other: Value,
    { reflected }: { readonly reflected: boolean },
    ctx: Context,
  ): Value | undefined {
    if (this.kind === 'values' || !SET_OPERATORS.includes(op)) return undefined;
    const own = this.#asSet(ctx, this);
    const theirs = this.#asSet(ctx, other);
    return ctx.binary(op, reflected ? theirs : own, reflected ? own : theirs);
  }

  override compare(
    op: '<' | '<=' | '==' | '!=' | '>' | '>=',
    other: Value,
    ctx: Context,
  ): Value | undefined {
    const set = other instanceof SetValue || (other instanceof DictView && other.kind !== 'values');
    if (this.kind === 'values' || !set) return undefined;
    return ctx.compare(op, this.#asSet(ctx, this), this.#asSet(ctx, other));
  }

  #asSet(ctx: Context, value: Value): SetValue {
    if (value instanceof SetValue) return value;
    const set = new SetValue();
    for (const item of ctx.iterate(value)) {
      ctx.budget.charge(ENTRY);
      set.entries.set(ctx.keyOf(item), item);
    }
    return set;
  }

  override repr(ctx: Context): string {
    ctx.budget.step(this.dict.entries.size);
    const items = Array.from(this.#items(), (item) => ctx.repr(item));
    return `dict_${this.kind}([${items.join(', ')}])`;
  }

  /** `reversed(view)`. */
  backwards(): DictView {
    return new DictView(this.dict, this.kind, !this.reversed);
  }
}
