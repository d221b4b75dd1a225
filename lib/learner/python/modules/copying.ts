import type { Context } from '../context.js';
import { HostObject } from '../host.js';
import { Dict, Instance, List, SetValue, Tuple, type Value } from '../values.js';
import { fn } from '../builtins/define.js';
import { namesOf } from './module-names.js';

/** `copy.copy(value)`, and with `deep` `copy.deepcopy(value)`. */
class Copier {
  readonly #done = new Map<Value, Value>();

  constructor(
    private readonly ctx: Context,
    private readonly deep: boolean,
  ) {}

  copy(value: Value): Value {
    const known = this.#done.get(value);
    if (known !== undefined) return known;
    const { ctx } = this;
    ctx.budget.enter();
    try {
      return this.#made(value);
    } finally {
      ctx.budget.leave();
    }
  }

  #inner(value: Value): Value {
    return this.deep ? this.copy(value) : value;
  }

  #made(value: Value): Value {
    const { ctx } = this;
    if (value instanceof List) {
      ctx.budget.charge(value.items.length);
      const copy = new List([], value.cls);
      this.#done.set(value, copy);
      for (const item of value.items) copy.items.push(this.#inner(item));
      return copy;
    }
    if (value instanceof Dict) {
      ctx.budget.charge(value.entries.size * 2);
      const copy = new Dict();
      copy.cls = value.cls;
      copy.factory = value.factory;
      this.#done.set(value, copy);
      for (const [key, item] of value.entries.values()) {
        const inner = this.#inner(key);
        copy.entries.set(ctx.keyOf(inner), [inner, this.#inner(item)]);
      }
      return copy;
    }
    if (value instanceof SetValue) {
      ctx.budget.charge(value.entries.size);
      const copy = new SetValue(value.frozen);
      for (const item of value.entries.values()) {
        const inner = this.#inner(item);
        copy.entries.set(ctx.keyOf(inner), inner);
      }
      return copy;
    }
    if (value instanceof Tuple) {
      if (!this.deep) return value;
      const items = value.items.map((item) => this.copy(item));
      return items.every((item, at) => item === value.items[at])
        ? value
        : new Tuple(items, value.cls);
    }
    if (value instanceof Instance) return this.#instance(value);
    if (value instanceof HostObject) return this.#host(value);
    return value;
  }

  #instance(value: Instance): Value {
    const { ctx } = this;
    const own = value.cls.lookup(this.deep ? '__deepcopy__' : '__copy__');
    if (own !== undefined) {
      return ctx.call(
        ctx.getAttr(value, this.deep ? '__deepcopy__' : '__copy__'),
        this.deep ? [new Dict()] : [],
      );
    }
    // Objects of the file and host values cannot be copied.
    if (value.lazy !== undefined || value.host !== undefined) {
      throw ctx.unsupported(`a copy of a ${value.cls.name} of the file is not supported`);
    }
    ctx.budget.charge(value.attrs.size + 1);
    const copy = new Instance(value.cls);
    this.#done.set(value, copy);
    if (value.payload !== undefined) copy.payload = this.#inner(value.payload);
    for (const [name, item] of value.attrs) copy.attrs.set(name, this.#inner(item));
    return copy;
  }

  #host(value: HostObject): Value {
    const { ctx } = this;
    const method =
      ctx.findAttr(value, this.deep ? '__deepcopy__' : '__copy__') ?? ctx.findAttr(value, 'clone');
    if (method !== undefined) return ctx.call(method, []);
    if (value.setItem === undefined && value.setAttr === undefined) return value;
    throw ctx.unsupported(`a copy of ${value.typeName} is not supported`);
  }
}

export const COPY = namesOf([
  fn('copy', 'x', (ctx, given) => {
    const value = given.get('x');
    if (
      value instanceof Instance &&
      value.payload !== undefined &&
      !(typeof value.payload === 'object')
    )
      return value;
    return new Copier(ctx, false).copy(value);
  }),
  fn('deepcopy', 'x, memo=', (ctx, given) => new Copier(ctx, true).copy(given.get('x'))),
]);
