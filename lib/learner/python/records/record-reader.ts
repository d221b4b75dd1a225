import { floatPlaces, isFastcoreList, isFloatAttribute } from '../../torch/float-lists.js';
import {
  isFloatEntry,
  PyComplex,
  PyDict,
  PyGlobal,
  PyObject,
  PyPartial,
  PyPath,
  PyRegex,
  PySet,
  PyTuple,
  type PyValue,
} from '../../torch/python.js';
import { CodeVersion } from '../bytecode/index.js';
import type { Context } from '../context.js';
import { UnreadableCodeError } from '../errors.js';
import { ClassValue, Dict, Instance, List, SetValue, Tuple, type Value } from '../values.js';
import { CONSTANTS, readCall } from './calls.js';
import { RecordGlobals } from './globals.js';
import { classOf, readInstance } from './instance-record.js';
import { PathValue } from '../modules/paths.js';
import { compilePattern } from '../modules/re.js';
import { opaqueClass, opaqueInstance } from './opaque.js';
import type { Reading } from './reading.js';

/** The most levels of calls in arguments of calls. */
const DEEPEST = 200;

export interface RecordReaderOptions {
  /** Looks up a name of the closed table. */
  resolve(qualifiedName: string): Value | undefined;
  /**
   * Called first for values that are neither code nor containers: tensors, arrays, modules, paths.
   */
  foreign?(record: PyValue): Value | undefined;
  /** Definitions of the user's own files. */
  source?(module: string, name: string): Value | undefined;
  /** The evaluator, which makes the keys of dictionaries and calls functions in TypeScript. */
  context(): Context;
}

/**
 * Reads the records of a pickle as values of the evaluator: functions and classes that cloudpickle
 * wrote by value, objects and containers. Reading a record twice gives the same value. Attributes
 * of objects, cells of closures and globals of functions are read on demand.
 */
export class RecordReader {
  readonly #values = new WeakMap<object, Value>();
  readonly #globals = new WeakMap<object, RecordGlobals>();
  readonly #names = new Map<string, Value>();
  #jobs: (() => void)[] = [];
  /** Dictionaries and sets, whose keys have to be complete first. */
  #keyed: (() => void)[] = [];
  #depth = 0;
  readonly #reading: Reading;

  constructor(private readonly options: RecordReaderOptions) {
    this.#reading = {
      version: new CodeVersion(),
      context: () => options.context(),
      value: (record) => this.#convert(record, false),
      item: (items, index) => this.#item(items, index),
      items: (items) => items.map((_, index) => this.#item(items, index)),
      attribute: (record, name) => this.#attribute(record, name),
      attributes: (dict) => this.#attributes(dict),
      entry: (dict, name) => (dict instanceof PyDict ? this.#entry(dict, name) : undefined),
      globalsOf: (base) => this.#globalsOf(base),
      complete: (read) => this.#complete(read),
      remember: (record, value) => void this.#values.set(record, value),
      later: (job) => void this.#jobs.push(job),
      resolve: (name) => options.resolve(name),
    };
  }

  value(record: PyValue): Value {
    return this.#complete(() => this.#convert(record, false));
  }

  /** An attribute of a record, in the file's form. */
  attribute(record: PyObject, name: string): Value | undefined {
    return this.#complete(() => this.#attribute(record, name));
  }

  /** The class of a record; a class known only by name if the file has no more. */
  classOf(record: PyObject): ClassValue {
    return this.#complete(() => classOf(this.#reading, record));
  }

  /** Also does the work that this reading deferred; work deferred by other reads stays. */
  #complete<T>(read: () => T): T {
    const outer = [this.#jobs, this.#keyed] as const;
    [this.#jobs, this.#keyed] = [[], []];
    try {
      const value = read();
      for (;;) {
        const job = this.#jobs.pop() ?? this.#keyed.pop();
        if (!job) return value;
        job();
      }
    } finally {
      [this.#jobs, this.#keyed] = outer;
    }
  }

  #convert(record: PyValue, isFloat: boolean): Value {
    if (typeof record === 'number') {
      return isFloat || !Number.isInteger(record) ? record : BigInt(record);
    }
    if (typeof record !== 'object' || record === null || record instanceof Uint8Array) {
      return record;
    }
    const known = this.#values.get(record);
    if (known !== undefined) return known;
    if (this.#depth >= DEEPEST) {
      throw new UnreadableCodeError(
        'an object of the file',
        `calls are nested more than ${DEEPEST} deep`,
      );
    }
    this.#depth++;
    try {
      const value = this.#read(record);
      this.#values.set(record, value);
      return value;
    } finally {
      this.#depth--;
    }
  }

  #read(record: PyValue & object): Value {
    if (record instanceof PyTuple) {
      const items: Value[] = [];
      this.#fill(items, record);
      return new Tuple(items);
    }
    if (Array.isArray(record)) {
      const cls = isFastcoreList(record) ? this.#named('fastcore.foundation', 'L') : undefined;
      const list = new List([], cls instanceof ClassValue ? cls : undefined);
      this.#fill(list.items, record);
      return list;
    }
    if (record instanceof PyDict) return this.#dict(record);
    if (record instanceof PySet) return this.#set(record);
    if (record instanceof PyGlobal) return this.#named(record.module, record.name);
    if (record instanceof PyObject) {
      return (
        readCall(this.#reading, record) ??
        this.options.foreign?.(record) ??
        readInstance(this.#reading, record)
      );
    }
    const foreign = this.options.foreign?.(record);
    if (foreign !== undefined) return foreign;
    if (record instanceof PyPartial) return this.#partial(record);
    if (record instanceof PyRegex) return patternOf(record);
    if (record instanceof PyPath && !record.windows) return new PathValue(record.path);
    return opaqueInstance(
      record instanceof PyComplex ? 'builtins.complex' : 'an array of the file',
    );
  }

  #fill(target: Value[], items: readonly PyValue[]): void {
    if (items.length === 0) return;
    this.#jobs.push(() => {
      const isFloat = floatPlaces(items);
      items.forEach((item, index) => target.push(this.#convert(item, isFloat?.(index) ?? false)));
    });
  }

  #dict(record: PyDict): Dict {
    const dict = new Dict();
    const pairs: [Value, Value][] = [];
    this.#jobs.push(() => {
      for (const entry of record) {
        pairs.push([this.#convert(entry[0], false), this.#convert(entry[1], isFloatEntry(entry))]);
      }
      const { defaultFactory } = record;
      if (defaultFactory !== undefined && defaultFactory !== null) {
        dict.factory = this.#convert(defaultFactory, false);
      }
      this.#keyed.push(() => {
        const context = this.options.context();
        for (const [key, value] of pairs) dict.entries.set(context.keyOf(key), [key, value]);
      });
    });
    return dict;
  }

  #set(record: PySet): SetValue {
    const set = new SetValue(record.frozen);
    const items: Value[] = [];
    this.#fill(items, record.items);
    this.#keyed.push(() => {
      const context = this.options.context();
      for (const item of items) set.entries.set(context.keyOf(item), item);
    });
    return set;
  }

  /** Its parts may hold the object again. */
  #partial(record: PyPartial): Value {
    const cls = this.#named('functools', 'partial');
    const partial = new Instance(
      cls instanceof ClassValue ? cls : opaqueClass('functools.partial'),
    );
    this.#values.set(record, partial);
    this.#jobs.push(() => {
      const args = new Tuple(this.#reading.items(record.args));
      partial.attrs.set('func', this.#convert(record.func, false));
      partial.attrs.set('args', args);
      partial.attrs.set('keywords', this.#convert(record.kwargs, false));
    });
    return partial;
  }

  #named(module: string, name: string): Value {
    const qualifiedName = `${module}.${name}`;
    let value = this.#names.get(qualifiedName);
    if (value === undefined) {
      value =
        CONSTANTS.get(qualifiedName) ??
        this.options.resolve(qualifiedName) ??
        this.options.source?.(module, name) ??
        opaqueClass(qualifiedName);
      this.#names.set(qualifiedName, value);
    }
    return value;
  }

  #item(items: readonly PyValue[], index: number): Value {
    const isFloat = typeof items[index] === 'number' && floatPlaces(items)?.(index);
    return this.#convert(items[index]!, isFloat ?? false);
  }

  #attribute(record: PyObject, name: string): Value | undefined {
    const found = record.attrs.get(name);
    return found === undefined ? undefined : this.#convert(found, isFloatAttribute(record, name));
  }

  #entry(dict: PyDict, name: string): Value | undefined {
    const value = dict.get(name);
    if (value === undefined) return undefined;
    return this.#convert(value, dict.isFloat(name));
  }

  #attributes(dict: PyDict): Map<string, Value> {
    const attributes = new Map<string, Value>();
    for (const entry of dict) {
      if (typeof entry[0] !== 'string') continue;
      attributes.set(entry[0], this.#convert(entry[1], isFloatEntry(entry)));
    }
    return attributes;
  }

  #globalsOf(base: PyValue | undefined): RecordGlobals {
    const read = (dict: PyDict, name: string): Value | undefined =>
      this.#complete(() => this.#entry(dict, name));
    if (!(base instanceof PyDict)) return new RecordGlobals(read);
    let globals = this.#globals.get(base);
    if (!globals) {
      globals = new RecordGlobals(read);
      this.#globals.set(base, globals);
    }
    globals.add(base);
    return globals;
  }
}

/** A pattern that cannot be matched as in Python throws when it is used. */
function patternOf({ pattern, flags }: PyRegex): Value {
  try {
    return compilePattern(pattern, flags);
  } catch {
    return opaqueInstance('re.Pattern');
  }
}
