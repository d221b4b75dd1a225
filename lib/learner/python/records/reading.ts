import type { PyDict, PyObject, PyValue } from '../../torch/python.js';
import type { CodeVersion } from '../bytecode/index.js';
import type { Context } from '../context.js';
import type { Value } from '../values.js';
import type { RecordGlobals } from './globals.js';

/** What the readers of single kinds of records use of the reader of the whole file. */
export interface Reading {
  readonly version: CodeVersion;
  readonly context: () => Context;
  /** The value; the items of containers, and attributes of classes, may be read later. */
  value(record: PyValue): Value;
  /** An item of a list or tuple, or an argument: the container distinguishes floats from ints. */
  item(items: readonly PyValue[], index: number): Value;
  items(items: readonly PyValue[]): Value[];
  attribute(record: PyObject, name: string): Value | undefined;
  attributes(dict: PyDict): Map<string, Value>;
  entry(dict: PyValue | undefined, name: string): Value | undefined;
  globalsOf(base: PyValue | undefined): RecordGlobals;
  /** Reads a complete value: for values read while code runs, and for arguments of calls. */
  complete<T>(read: () => T): T;
  /** Registers the value of a record that may be in a cycle, before its parts are read. */
  remember(record: PyValue & object, value: Value): void;
  /** Runs before a value is complete: nothing here recurses with the file. */
  later(job: () => void): void;
  resolve(qualifiedName: string): Value | undefined;
}
