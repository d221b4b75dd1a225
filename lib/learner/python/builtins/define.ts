import { bind, signature, type Bound } from '../arguments.js';
import type { Context } from '../context.js';
import { typeOf } from '../types.js';
import {
  Builtin,
  ClassValue,
  PropertyValue,
  type Kwargs,
  type Native,
  type Value,
} from '../values.js';
import { asBytes, asInt, asStr } from './unwrap.js';

/** The arguments of one call of a function that is implemented in TypeScript. */
export class Given {
  constructor(
    private readonly ctx: Context,
    private readonly name: string,
    private readonly bound: Bound,
    /** The arguments that `*args` took. */
    readonly rest: readonly Value[],
    readonly kwargs: Kwargs,
  ) {}

  /** Undefined if it was omitted. */
  raw(name: string): Value | undefined {
    return this.bound[name];
  }

  /** None if it was omitted. */
  get(name: string): Value {
    return this.bound[name] ?? null;
  }

  str(name: string, absent?: string): string {
    const value = this.bound[name];
    if (value === undefined && absent !== undefined) return absent;
    return asStr(value) ?? this.#wrong(name, 'str');
  }

  bytes(name: string): Uint8Array {
    return asBytes(this.bound[name]) ?? this.#wrong(name, 'bytes');
  }

  /** An int, also from a value with `__index__`. */
  int(name: string, absent?: bigint): bigint {
    const value = this.bound[name];
    if (value === undefined && absent !== undefined) return absent;
    return asInt(value) ?? this.ctx.index(value ?? null);
  }

  /** An int that is a count or an index, clamped to what a double holds without loss. */
  count(name: string, absent?: number): number {
    const value = this.bound[name];
    if (value === undefined && absent !== undefined) return absent;
    return toCount(this.int(name));
  }

  truth(name: string, absent: boolean): boolean {
    const value = this.bound[name];
    return value === undefined ? absent : this.ctx.truth(value);
  }

  #wrong(name: string, wanted: string): never {
    throw this.ctx.raise(
      'TypeError',
      `${this.name}() argument '${name}' must be ${wanted}, not ${typeName(this.bound[name] ?? null)}`,
    );
  }
}

const MOST = BigInt(Number.MAX_SAFE_INTEGER);

export function toCount(value: bigint): number {
  return Number(value > MOST ? MOST : value < -MOST ? -MOST : value);
}

/** `type(value).__name__`. */
export function typeName(value: Value): string {
  return typeOf(value)?.name ?? 'object';
}

/** A function with a signature as Python writes it. */
export function fn(
  name: string,
  parameters: string,
  run: (ctx: Context, given: Given) => Value,
): Builtin {
  const parsed = signature(parameters);
  return new Builtin(name, (ctx, args, kwargs) => {
    const { bound, rest } = bind(ctx, name, parsed, args, kwargs);
    return run(ctx, new Given(ctx, name, bound, rest, kwargs));
  });
}

/** A method of a class; the signature has no `self`. */
export function method(
  name: string,
  parameters: string,
  run: (ctx: Context, self: Value, given: Given) => Value,
): Builtin {
  const parsed = signature(parameters);
  return new Builtin(
    name,
    (ctx, args, kwargs) => {
      const { bound, rest } = bind(ctx, name, parsed, args.slice(1), kwargs);
      const self = args[0];
      if (self === undefined)
        throw ctx.raise('TypeError', `unbound method ${name}() needs an object`);
      return run(ctx, self, new Given(ctx, name, bound, rest, kwargs));
    },
    true,
  );
}

/** A computed attribute. */
export function attribute(name: string, read: (self: Value, ctx: Context) => Value): PropertyValue {
  return new PropertyValue(new Builtin(name, (ctx, args) => read(args[0] ?? null, ctx)));
}

/** Adds methods and class attributes to a class. */
export function fill(cls: ClassValue, methods: Iterable<Builtin>): void {
  for (const one of methods) cls.attrs.set(one.name, one);
}

/** A class whose values are not {@link Instance}s, or are made in TypeScript. */
export function nativeClass(
  qualifiedName: string,
  bases: readonly ClassValue[],
  construct: (ctx: Context, cls: ClassValue, args: readonly Value[], kwargs: Kwargs) => Value,
  attrs: Iterable<readonly [string, Value]> = [],
): ClassValue {
  const name = qualifiedName.slice(qualifiedName.lastIndexOf('.') + 1);
  return new ClassValue(name, qualifiedName, bases, attrs, { construct });
}

/** A function that throws an error with its name when it is called. */
export function refused(name: string, why: string): Builtin {
  const call: Native = (ctx) => {
    throw ctx.unsupported(`${name} ${why}`);
  };
  return new Builtin(name.slice(name.lastIndexOf('.') + 1), call);
}
