import type { Code } from './instructions.js';
import type { Context } from './context.js';
import type { HostObject } from './host.js';

/**
 * A Python value in the evaluator. An `int` is a bigint, a `float` a number, a `str` a string
 * (Python counts its code points), `None` is null, `bytes` are a Uint8Array.
 */
export type Value =
  | null
  | boolean
  | bigint
  | number
  | string
  | Uint8Array
  | Tuple
  | List
  | Dict
  | SetValue
  | Slice
  | Range
  | Func
  | BoundMethod
  | Builtin
  | ClassValue
  | Instance
  | PropertyValue
  | MethodWrapper
  | SuperValue
  | ModuleValue
  | PyIterator
  | Singleton
  | HostObject;

export type Kwargs = ReadonlyMap<string, Value>;
export const NO_KWARGS: Kwargs = new Map();

/** A value that only has a name. */
export class Singleton {
  constructor(readonly name: string) {}
}
export const NOT_IMPLEMENTED = new Singleton('NotImplemented');
export const ELLIPSIS = new Singleton('Ellipsis');

export class Tuple {
  constructor(
    readonly items: readonly Value[],
    /** The class of a named tuple, or of another subclass. */
    readonly cls?: ClassValue,
  ) {}
}

export class List {
  constructor(
    readonly items: Value[] = [],
    /** The class of fastcore's `L`, or of another subclass of `list`. */
    readonly cls?: ClassValue,
  ) {}
}

export class Slice {
  constructor(
    readonly start: Value,
    readonly stop: Value,
    readonly step: Value,
  ) {}
}

export class Range {
  constructor(
    readonly start: bigint,
    readonly stop: bigint,
    readonly step: bigint,
  ) {}

  get length(): bigint {
    const { start, stop, step } = this;
    const span = step > 0n ? stop - start + step - 1n : start - stop - step - 1n;
    const size = step > 0n ? step : -step;
    return span > 0n ? span / size : 0n;
  }
}

/**
 * The value by which keys of a dictionary and items of a set are compared; `keyOf` in keys.ts makes
 * it.
 */
export type Key = string | number | bigint | object;

/** A dictionary, in insertion order. Callers that add to it charge the budget. */
export class Dict {
  readonly entries = new Map<Key, [key: Value, value: Value]>();
  /** Of a `defaultdict`. */
  factory: Value | undefined;
  /** The class of a subclass of `dict`, `OrderedDict` or `Counter`. */
  cls: ClassValue | undefined;
}

export class SetValue {
  readonly entries = new Map<Key, Value>();
  /** Removed items have left the others in an unknown order. */
  shuffled = false;
  /** Items were removed; the next item may not get its own slot. */
  holed = false;
  constructor(readonly frozen = false) {}

  /** Takes over the content of another set. */
  replace({ entries, shuffled, holed }: SetValue): void {
    this.entries.clear();
    for (const [key, value] of entries) this.entries.set(key, value);
    this.shuffled = shuffled;
    this.holed = holed;
  }
}

/** A variable that functions share. Undefined until it is assigned. */
export class Cell {
  constructor(public value: Value | undefined = undefined) {}
}

/** Resolves global names: the function's own globals, before Python's builtins. */
export interface Globals {
  get(name: string): Value | undefined;
  set(name: string, value: Value): void;
  delete(name: string): boolean;
}

/** A function written in Python. */
export class Func {
  name: string;
  qualname: string;
  /** The tuple of `defaults`, for the last positional parameters. */
  defaults: readonly Value[] = [];
  kwDefaults: ReadonlyMap<string, Value> = new Map();
  closure: readonly Cell[] = [];
  readonly attrs = new Map<string, Value>();

  constructor(
    readonly code: Code,
    readonly globals: Globals,
  ) {
    this.name = code.name;
    this.qualname = code.qualname;
  }
}

export type Native = (ctx: Context, args: readonly Value[], kwargs: Kwargs) => Value;

/** A function implemented in TypeScript. */
export class Builtin {
  constructor(
    readonly name: string,
    readonly call: Native,
    /**
     * Whether it is a method: an attribute of a class that is bound to the value it is read from.
     */
    readonly binds = false,
  ) {}
}

export class BoundMethod {
  constructor(
    readonly self: Value,
    readonly func: Value,
  ) {}
}

/** `property`, also `cached_property`. */
export class PropertyValue {
  constructor(
    readonly getter: Value,
    readonly setter: Value = null,
    readonly deleter: Value = null,
  ) {}
}

/** `staticmethod` or `classmethod`. */
export class MethodWrapper {
  constructor(
    readonly kind: 'static' | 'class',
    readonly func: Value,
  ) {}
}

/** `super(cls, self)`: looks after `cls` in the base order of `self`'s class. */
export class SuperValue {
  constructor(
    readonly cls: ClassValue,
    readonly self: Value,
  ) {}
}

/** A module of Python, whose attributes are names of the closed table. */
export class ModuleValue {
  constructor(readonly path: string) {}
}

/** An iterator: of a container, `enumerate`, `zip`, or a generator. */
export class PyIterator {
  constructor(
    readonly kind: string,
    /**
     * The next item, or undefined at the end; `sent` is the value that `send` passes to a
     * generator.
     */
    readonly next: (sent: Value) => Value | undefined,
    /** Of generators. */
    readonly methods: { throw?(error: Value): Value; close?(): void; returned?(): Value } = {},
  ) {}
}

/** Behaviour of a library class that is implemented in TypeScript. */
export interface NativeClass {
  /**
   * `cls(*args, **kwargs)`; without it, the evaluator makes an {@link Instance} and calls
   * `__init__`.
   */
  construct?(ctx: Context, cls: ClassValue, args: readonly Value[], kwargs: Kwargs): Value;
  /** `isinstance` for values that are not an {@link Instance}. */
  has?(value: Value): boolean;
  /** `isinstance` with a subclass that code defines. */
  hasOf?(value: Value, cls: ClassValue): boolean;
  /**
   * Only the name of the class is known: a missing attribute is an error that names it, not an
   * AttributeError that the code may catch.
   */
  opaque?: boolean;
  /** `__pre_init__` and `__post_init__` of subclasses are called around `__init__`. */
  prePostInit?: boolean;
  /** The mapping that receives the names of a subclass's body: `__prepare__` of its metaclass. */
  prepare?(): Map<string, Value>;
  /** Called with each subclass, for example an enumeration. */
  subclassed?(ctx: Context, cls: ClassValue, kwargs: Kwargs): void;
}

export class ClassValue {
  readonly attrs: Map<string, Value>;
  readonly mro: readonly ClassValue[];
  /** Its class, if that is not `type`. */
  metaclass: ClassValue | undefined;

  constructor(
    readonly name: string,
    /** `__main__.Net`, `torch.nn.modules.module.Module`, `builtins.int`. */
    readonly qualifiedName: string,
    readonly bases: readonly ClassValue[],
    attrs: Iterable<readonly [string, Value]> = [],
    readonly native?: NativeClass,
  ) {
    this.attrs = new Map(attrs);
    this.mro = [
      this,
      ...merged(
        bases.map(({ mro }) => [...mro]),
        bases,
      ),
    ];
  }

  /** The first attribute of that name in the order of the bases, after `after` if given. */
  lookup(name: string, after?: ClassValue): Value | undefined {
    const start = after === undefined ? 0 : this.mro.indexOf(after) + 1;
    for (let at = start; at < this.mro.length; at++) {
      const found = this.mro[at]!.attrs.get(name);
      if (found !== undefined) return found;
    }
    return undefined;
  }

  isSubclassOf(other: ClassValue): boolean {
    return this.mro.includes(other);
  }
}

/** The C3 order of the bases. If none exists, depth first without repetition. */
function merged(orders: ClassValue[][], bases: readonly ClassValue[]): ClassValue[] {
  const lists = [...orders, [...bases]].filter((list) => list.length > 0);
  const result: ClassValue[] = [];
  while (lists.some((list) => list.length > 0)) {
    const next = lists
      .filter((list) => list.length > 0)
      .map((list) => list[0]!)
      .find((head) => lists.every((list) => list.indexOf(head) <= 0));
    if (!next) return [...new Set(orders.flat())];
    result.push(next);
    for (const list of lists) if (list[0] === next) list.shift();
  }
  return result;
}

/** An object of a class: its attributes are in a Map, so that no name reaches a prototype. */
export class Instance {
  readonly attrs = new Map<string, Value>();
  /** The value of a record in the file under a name, read on first use. */
  lazy: ((name: string) => Value | undefined) | undefined;
  /**
   * The value that a subclass of a builtin class wraps: a List, Dict, Tuple, str, or an exception's
   * args.
   */
  payload: Value | undefined;
  /** For the owner of a native class, for example the module in the file. */
  host: object | undefined;

  constructor(readonly cls: ClassValue) {}
}
