import { dictKey, type ComparedByValue, type DictKey } from './dict-key.js';
import { floatPlaces, holdsFloats, markAttribute, markFloat, unmarkFloats } from './float-lists.js';

/**
 * A value of a library's class that becomes a class of this package: a tensor, an array, a frame…
 */
export abstract class PyLibraryValue {
  declare protected readonly isLibraryValue: true;
}

/** Data only; nothing in it can run. Integers that a double cannot hold are bigints. */
export type PyValue =
  | null
  | boolean
  | number
  | bigint
  | string
  | Uint8Array
  | PyValue[]
  | PyDict
  | PySet
  | PyGlobal
  | PyObject
  | PyRegex
  | PyPath
  | PyPartial
  | PyComplex
  | PyLibraryValue;

/** A tuple: an array that remembers that it was a tuple. */
export class PyTuple extends Array<PyValue> implements ComparedByValue {
  // Array methods such as map() must not call a constructor that reads one number as a length.
  static override get [Symbol.species](): ArrayConstructor {
    return Array;
  }

  static of_(items: readonly PyValue[]): PyTuple {
    const tuple = new PyTuple();
    for (const item of items) tuple.push(item);
    return tuple;
  }

  get equality() {
    return ['tuple', this] as const;
  }
}

/** A class or function that the file names; it is never looked up in the running program. */
export class PyGlobal implements ComparedByValue {
  constructor(
    readonly module: string,
    readonly name: string,
  ) {}

  get qualifiedName(): string {
    return `${this.module}.${this.name}`;
  }

  get equality() {
    return ['global', this.qualifiedName] as const;
  }
}

/** A dictionary. Keys compare as Python compares them: `True == 1`, tuples by value. */
export class PyDict {
  /** The factory of missing values of a `defaultdict`. */
  defaultFactory: PyValue | undefined;
  readonly #entries = new Map<DictKey, [PyValue, PyValue]>();

  static from(entries: Iterable<readonly [PyValue, PyValue]>): PyDict {
    const dict = new PyDict();
    for (const entry of entries) dict.set(entry[0], entry[1], isFloatEntry(entry));
    return dict;
  }

  get size(): number {
    return this.#entries.size;
  }

  get(key: PyValue): PyValue | undefined {
    return this.#entries.get(dictKey(key))?.[1];
  }

  has(key: PyValue): boolean {
    return this.#entries.has(dictKey(key));
  }

  /** `isFloat`: whether the value is a float without a fraction. */
  set(key: PyValue, value: PyValue, isFloat = false): void {
    const hash = dictKey(key);
    let entry = this.#entries.get(hash);
    if (entry) {
      unmarkFloats(entry);
      entry[1] = value;
    } else this.#entries.set(hash, (entry = [key, value]));
    if (isFloat) markFloat(entry, 1);
  }

  /** Whether the value is a float without a fraction, not an int. */
  isFloat(key: PyValue): boolean {
    const entry = this.#entries.get(dictKey(key));
    return entry !== undefined && isFloatEntry(entry);
  }

  keys(): PyValue[] {
    return [...this.#entries.values()].map(([key]) => key);
  }

  values(): PyValue[] {
    return [...this.#entries.values()].map(([, value]) => value);
  }

  [Symbol.iterator](): IterableIterator<[PyValue, PyValue]> {
    return this.#entries.values();
  }
}

/** Whether the value of a pair is a float without a fraction. */
export function isFloatEntry(entry: readonly PyValue[]): boolean {
  return holdsFloats(entry) && floatPlaces(entry)!(1);
}

/** A set or frozenset, in the order of the file. */
export class PySet implements ComparedByValue {
  constructor(
    readonly items: PyValue[] = [],
    readonly frozen = false,
  ) {}

  get equality() {
    return ['set', this.items] as const;
  }
}

/** `re.compile(pattern, flags)`, not compiled. */
export class PyRegex {
  constructor(
    readonly pattern: string,
    readonly flags: number,
  ) {}
}

/** A `pathlib` path, as `str()` returns it. */
export class PyPath implements ComparedByValue {
  constructor(
    readonly path: string,
    readonly windows = false,
  ) {}

  get equality() {
    return ['path', this.path] as const;
  }
}

/** A `functools.partial`. Its parts arrive late in the pickle, so they are mutable. */
export class PyPartial {
  constructor(
    public func: PyValue,
    public args: PyValue[] = [],
    public kwargs: PyDict = new PyDict(),
  ) {}
}

export class PyComplex {
  constructor(
    readonly real: number,
    readonly imag: number,
  ) {}
}

/** The record of a call, never the call: `cls(*args)`, then state, list items, dict entries. */
export class PyObject {
  /** From the pickled state (`__dict__` and slots); a Map, so that no key reaches a prototype. */
  readonly attrs = new Map<string, PyValue>();
  /** State other than a dictionary; a pair of dictionaries gives attributes as well. */
  state: PyValue | undefined;
  /** Items that APPEND(S) added, for list subclasses. */
  readonly items: PyValue[] = [];
  /** Entries that SETITEM(S) added, for dict subclasses. */
  readonly entries = new PyDict();

  constructor(
    /** The callable: nearly always a {@link PyGlobal}. */
    readonly cls: PyValue,
    readonly args: PyValue[] = [],
    readonly kwargs: PyDict = new PyDict(),
  ) {}

  /** The callable's name; `<computed>` if the callable is the result of another call. */
  get className(): string {
    return qualifiedNameOf(this.cls) ?? '<computed>';
  }

  attr(name: string): PyValue | undefined {
    return this.attrs.get(name);
  }

  /**
   * Implements BUILD: attributes from a dictionary, or from a pair of dictionaries (`__dict__`,
   * slots).
   */
  build(state: PyValue): void {
    if (state instanceof PyDict) return this.#setAttributes(state);
    this.state = state;
    if (!(state instanceof PyTuple) || state.length !== 2) return;
    const [dict, slots] = state;
    if (!(dict === null || dict instanceof PyDict) || !(slots instanceof PyDict)) return;
    if (dict) this.#setAttributes(dict);
    this.#setAttributes(slots);
  }

  #setAttributes(attributes: PyDict): void {
    for (const entry of attributes) {
      const [name, value] = entry;
      if (typeof name === 'string') {
        this.attrs.set(name, value);
        if (typeof value === 'number') markAttribute(this, name, isFloatEntry(entry));
      } else this.state = attributes;
    }
  }
}

/** Names of callables may contain other callables; a file may chain them endlessly. */
const LONGEST_CHAIN = 16;

/** `module.name` of a class or function that the file names, or that cloudpickle wrote by value. */
export function qualifiedNameOf(value: PyValue | undefined, depth = 0): string | undefined {
  if (value instanceof PyGlobal) return value.qualifiedName;
  if (value instanceof PyPartial && depth < LONGEST_CHAIN) {
    return qualifiedNameOf(value.func, depth + 1);
  }
  if (!(value instanceof PyObject) || depth >= LONGEST_CHAIN) return undefined;
  const { args, cls } = value;
  if (!(cls instanceof PyGlobal) && !(cls instanceof PyObject)) return undefined;
  const textOf = (dict: PyValue | undefined, key: string): PyValue | undefined =>
    dict instanceof PyDict ? dict.get(key) : undefined;
  switch (qualifiedNameOf(cls, depth + 1)?.replace('cloudpickle_fast', 'cloudpickle')) {
    case 'cloudpickle.cloudpickle._make_skel_func':
      return joinName(value.attr('module'), value.attr('qualname') ?? value.attr('name'));
    case 'cloudpickle.cloudpickle._make_function':
    case 'types.FunctionType':
    case 'types.LambdaType':
      return joinName(textOf(args[1], '__name__'), value.attr('__qualname__') ?? args[2]);
    case 'cloudpickle.cloudpickle._make_skeleton_class':
    case 'cloudpickle.cloudpickle._make_skeleton_enum':
      return joinName(
        textOf(args[3], '__module__') ?? value.attr('__module__'),
        value.attr('__qualname__') ?? args[1],
      );
    case 'cloudpickle.cloudpickle._builtin_type':
      return joinName('types', args[0]);
    case 'builtins.type':
      return joinName(textOf(args[2], '__module__'), args[0]);
    case 'builtins.getattr': {
      const [owner, name] = args;
      const prefix =
        qualifiedNameOf(owner, depth + 1) ??
        (owner instanceof PyObject ? owner.className : undefined);
      return prefix === undefined ? undefined : joinName(prefix, name);
    }
    default:
      return undefined;
  }
}

function joinName(module: PyValue | undefined, name: PyValue | undefined): string | undefined {
  if (typeof name !== 'string') return undefined;
  return typeof module === 'string' ? `${module}.${name}` : name;
}
