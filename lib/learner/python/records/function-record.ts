import { PyDict, PyGlobal, PyObject, type PyValue } from '../../torch/python.js';
import { Cell, Func, type Value } from '../values.js';
import { codeOf } from './code-record.js';
import { helperOf } from './helpers.js';
import type { Reading } from './reading.js';

/** What the state of a function holds besides its attributes. */
const OWN = new Set([
  '__name__',
  '__qualname__',
  '__kwdefaults__',
  '__defaults__',
  '__closure__',
  '__globals__',
  '_cloudpickle_submodules',
  // cloudpickle before 1.3
  'globals',
  'defaults',
  'dict',
  'closure_values',
  'name',
  'qualname',
  'kwdefaults',
  'module',
  'doc',
  'annotations',
]);

/**
 * `_make_function(code, globals, name, defaults, closure)`, or
 * `_make_skel_func(code, cell count, globals)` in older files; the rest is in the record's
 * attributes.
 */
export function readFunction(reading: Reading, record: PyObject): Func {
  const { args } = record;
  const isOld = helperOf(record) === '_make_skel_func';
  const globals = reading.globalsOf(isOld ? args[2] : args[1]);
  globals.add(record.attr('__globals__') ?? record.attr('globals'));
  const code = codeOf(args[0], reading.version, (items, index) => reading.item(items, index));
  const func = new Func(code, globals);
  reading.remember(record, func);
  const name = record.attr('__name__') ?? record.attr('name') ?? args[2];
  if (typeof name === 'string') func.name = name;
  const qualname = record.attr('__qualname__') ?? record.attr('qualname');
  if (typeof qualname === 'string') func.qualname = qualname;
  func.closure = closureOf(reading, record, isOld);
  reading.later(() => {
    const defaults = record.attr('__defaults__') ?? record.attr('defaults') ?? args[isOld ? -1 : 3];
    if (Array.isArray(defaults)) {
      func.defaults = defaults.map((_, index) => reading.item(defaults, index));
    }
    const named = record.attr('__kwdefaults__') ?? record.attr('kwdefaults');
    if (named instanceof PyDict) func.kwDefaults = reading.attributes(named);
    const attributes = record.attr('dict');
    if (attributes instanceof PyDict) {
      for (const [key, value] of reading.attributes(attributes)) func.attrs.set(key, value);
    }
    for (const key of record.attrs.keys()) {
      if (!OWN.has(key)) func.attrs.set(key, reading.attribute(record, key)!);
    }
    const aliases = [
      ['module', '__module__'],
      ['doc', '__doc__'],
      ['annotations', '__annotations__'],
    ] as const;
    for (const [old, key] of aliases) {
      const value = reading.attribute(record, old);
      if (value !== undefined && isOldState(record)) func.attrs.set(key, value);
    }
  });
  return func;
}

/** Whether the state uses the names of cloudpickle before 1.3. */
function isOldState(record: PyObject): boolean {
  return record.attr('globals') instanceof PyDict;
}

function closureOf(reading: Reading, record: PyObject, isOld: boolean): Cell[] {
  if (isOld) {
    const values = record.attr('closure_values');
    if (!Array.isArray(values)) return [];
    return values.map((value, index) =>
      isEmptyCell(value)
        ? new Cell()
        : lazyCell(() => reading.complete(() => reading.item(values, index))),
    );
  }
  // Each function has its own cells, and the content in its state is copied into them. Functions
  // that shared a variable in the notebook therefore do not share it here, nor in Python.
  const cells = record.attr('__closure__') ?? record.args[4];
  return Array.isArray(cells) ? cells.map((cell) => cellOf(reading, cell)) : [];
}

/** A class that stands for the content of an empty cell. */
function isEmptyCell(value: PyValue): boolean {
  return value instanceof PyGlobal && value.name === '_empty_cell_value';
}

/** `_make_cell(value)` or `_make_empty_cell()`: it is filled on first read. */
function cellOf(reading: Reading, record: PyValue): Cell {
  if (!(record instanceof PyObject) || record.args.length === 0) return new Cell();
  return lazyCell(() => reading.complete(() => reading.item(record.args, 0)));
}

function lazyCell(read: () => Value): Cell {
  const cell = new Cell();
  const settle = (value: Value | undefined): void => {
    Object.defineProperty(cell, 'value', { value, writable: true, enumerable: true });
  };
  Object.defineProperty(cell, 'value', {
    configurable: true,
    enumerable: true,
    get() {
      const value = read();
      settle(value);
      return value;
    },
    set: settle,
  });
  return cell;
}
