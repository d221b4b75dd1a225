import { PyGlobal, PyObject, type PyValue } from '../../torch/python.js';

/** The modules that held cloudpickle's helpers over the years, including copies. */
const MODULES = /^(?:[\w.]+\.)?cloudpickle(?:\.cloudpickle(?:_fast)?)?$/;

/** The helper of cloudpickle that a record calls: `_make_function`, `_make_cell`... */
export function helperOf(record: PyValue): string | undefined {
  if (!(record instanceof PyObject) || !(record.cls instanceof PyGlobal)) return undefined;
  const { module, name } = record.cls;
  return name.startsWith('_') || name.endsWith('subimport')
    ? MODULES.test(module)
      ? name
      : undefined
    : undefined;
}
