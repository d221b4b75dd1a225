import type { Code } from './instructions.js';
import type { Context } from './context.js';
import type { HostObject } from './host.js';

/**
 * A value of Python as the evaluator holds it. An `int` is a bigint, a `float` a number, a `str` a
 * string (Python counts its code points), `None` is null, `bytes` are a Uint8Array.
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

/** A value with a name and nothing else. */
export class Singleton {
  constructor(readonly name: string) {}
}
export const NOT_IMPLEMENTED = new Singleton('NotImplemented');
export const ELLIPSIS = new Singleton('Ellipsis');

export class Tuple {
  constructor(
    readonly items: readonly Value[],
    /** Of a named tuple, and of other subclasses. */
    readonly cls?: ClassValue,
  ) {}
}

export class List {
  constructor(
    readonly items: Value[] = [],
    /** fastcore's `L`, and subclasses of `list`. */
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

/** What a key of a dictionary or an item of a set is compared by; `keyOf` in keys.ts makes it. */
export type Key = string | number | bigint | object;

/** A dictionary, in the order of insertion. Whoever adds to it charges the budget. */
export class Dict {
  readonly entries = new Map<Key, [key: Value, value: Value]>();
  /** Of a `defaultdict`. */
  factory: Value | undefined;
  /** Of subclasses of `dict`, `OrderedDict`, `Counter`. */
  cls: ClassValue | undefined;
}

export class SetValue {
  readonly entries = new Map<Key, Value>();
  /** Items that are gone have left others in an order that is not known. */
  shuffled = false;
  /** Items are gone; the next one may find no place of its own. */
  holed = false;
  constructor(readonly frozen = false) {}

  /** Becomes what another one is. */
  replace({ entries, shuffled, holed }: SetValue): void {
    this.entries.clear();
    for (const [key, value] of entries) this.entries.set(key, value);
    this.shuffled = shuffled;
    this.holed = holed;
  }
}

/** A variable that functions share. Undefined while nothing was assigned. */
export class Cell {
  constructor(public value: Value | undefined = undefined) {}
}

/** What a global name stands for: the function's own globals; names of Python come after them. */
export interface Globals {
  get(name: string): Value | undefined;
  set(name: string, value: Value): void;
  delete(name: string): boolean;
}

/** A function that is written in Python. */
export class Func {
  name: string;
  qualname: string;
  /** Of `defaults`, for the last positional parameters. */
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

/** A function that is written here. */
export class Builtin {
  constructor(
    readonly name: string,
    readonly call: Native,
    /** Whether it is a method: an attribute of a class that is bound to what it is read from. */
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

/** `super(cls, self)`: looks behind `cls` in the order of `self`'s class. */
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
    /** The next item, or undefined at the end; `sent` is what `send` gives to a generator. */
    readonly next: (sent: Value) => Value | undefined,
    /** Of generators. */
    readonly methods: { throw?(error: Value): Value; close?(): void; returned?(): Value } = {},
  ) {}
}

/** What a class of a library does that is not written in Python. */
export interface NativeClass {
  /** `cls(*args, **kwargs)`; without it an {@link Instance} is made and `__init__` called. */
  construct?(ctx: Context, cls: ClassValue, args: readonly Value[], kwargs: Kwargs): Value;
  /** `isinstance` for values that are no {@link Instance}. */
  has?(value: Value): boolean;
  /**
   * Nothing is known of the class but its name: an attribute that is found nowhere is an error that
   * names it, not an AttributeError that the code may catch.
   */
  opaque?: boolean;
  /** `__pre_init__` and `__post_init__` of subclasses are called around `__init__`. */
  prePostInit?: boolean;
  /** What the names of a subclass's body are written to: `__prepare__` of its metaclass. */
  prepare?(): Map<string, Value>;
  /** Called with each class that is made from this one, such as that of an enumeration. */
  subclassed?(ctx: Context, cls: ClassValue, kwargs: Kwargs): void;
}

export class ClassValue {
  readonly attrs: Map<string, Value>;
  readonly mro: readonly ClassValue[];
  /** Its class, where that is not `type`. */
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

  /** The first attribute of that name in the order of the bases, behind `after` if given. */
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

/** The C3 order of the bases. Where there is none, depth first without repetition. */
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

/** An object of a class: its attributes lie in a Map, so that no name reaches a prototype. */
export class Instance {
  readonly attrs = new Map<string, Value>();
  /** What a record of the file holds under a name, read when it is first asked for. */
  lazy: ((name: string) => Value | undefined) | undefined;
  /** What a subclass of a builtin class wraps: a List, Dict, Tuple, str, or an exception's args. */
  payload: Value | undefined;
  /** For the owner of a native class, such as the module of the file that this is. */
  host: object | undefined;

  constructor(readonly cls: ClassValue) {}
}
