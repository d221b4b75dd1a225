import type { WholeFloat } from '../float-lists.js';
import { PyDict, PyGlobal, PyObject, type PyValue } from '../python.js';
import type { RebuildContext, Rebuilders } from './rebuilder.js';

/**
 * What a call in a pickle, `callable(*args, **kwargs)`, leaves: the value that a rebuilder of the
 * closed list makes of it, else a record of it. copyreg's constructors stand for the class that is
 * their first argument.
 */
export function recordCall(
  callable: PyValue,
  args: readonly PyValue[],
  kwargs: PyDict | undefined,
  rebuilders: Rebuilders,
  context: RebuildContext,
): PyValue | WholeFloat {
  const name = callable instanceof PyGlobal ? callable.qualifiedName : '';
  const [cls, second, third] = args;
  if (cls !== undefined && !kwargs?.size) {
    if (name === 'copyreg._reconstructor' && second !== undefined && third !== undefined) {
      return reconstruct(cls, second, third, rebuilders, context);
    }
    if (name === 'copyreg.__newobj__') {
      return callOf(cls, args.slice(1), undefined, rebuilders, context);
    }
    if (name === 'copyreg.__newobj_ex__' && Array.isArray(second) && third instanceof PyDict) {
      return callOf(cls, second, third, rebuilders, context);
    }
  }
  return callOf(callable, args, kwargs, rebuilders, context);
}

function callOf(
  callable: PyValue,
  args: readonly PyValue[],
  kwargs: PyDict | undefined,
  rebuilders: Rebuilders,
  context: RebuildContext,
): PyValue | WholeFloat {
  if (callable instanceof PyGlobal && !kwargs?.size) {
    const rebuilt = rebuilders.get(callable.qualifiedName)?.(args, context);
    if (rebuilt !== undefined) return rebuilt;
  }
  return new PyObject(callable, [...args], kwargs);
}

/**
 * `_reconstructor(class, base, value)`: protocols 0 and 1 give a list or dict subclass its content
 * so.
 */
function reconstruct(
  cls: PyValue,
  base: PyValue,
  value: PyValue,
  rebuilders: Rebuilders,
  context: RebuildContext,
): PyValue | WholeFloat {
  const content = base instanceof PyGlobal ? base.qualifiedName : '';
  if (content === 'builtins.object') return callOf(cls, [], undefined, rebuilders, context);
  const object = callOf(cls, [value], undefined, rebuilders, context);
  if (!(object instanceof PyObject)) return object;
  if (content === 'builtins.list' && Array.isArray(value)) {
    context.charge(value.length);
    for (const item of value) object.items.push(item);
  } else if (content === 'builtins.dict' && value instanceof PyDict) {
    context.charge(value.size);
    for (const [key, item] of value) object.entries.set(key, item);
  }
  return object;
}
