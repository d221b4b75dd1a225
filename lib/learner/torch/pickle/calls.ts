import { copyFloats, type Travelling } from '../float-lists.js';
import { PyDict, PyGlobal, PyObject, type PyValue } from '../python.js';
import type { RebuildContext, Rebuilders } from './rebuilder.js';

type Call = (callable: PyValue, args: readonly PyValue[], kwargs?: PyDict) => Travelling;

/**
 * The result of `callable(*args, **kwargs)`: a rebuilder's value, otherwise a record of the call.
 * The constructors of copyreg stand for the class that is their first argument.
 */
export function recordCall(
  callable: PyValue,
  args: readonly PyValue[],
  kwargs: PyDict | undefined,
  rebuilders: Rebuilders,
  context: RebuildContext,
): Travelling {
  const call: Call = (cls, positional, named) => {
    if (cls instanceof PyGlobal && !named?.size) {
      const rebuilt = rebuilders.get(cls.qualifiedName)?.(positional, context);
      if (rebuilt !== undefined) return rebuilt;
    }
    const record = new PyObject(cls, [...positional], named);
    copyFloats(positional, record.args);
    return record;
  };
  const name = callable instanceof PyGlobal && !kwargs?.size ? callable.qualifiedName : '';
  const [cls, second, third] = args;
  if (cls === undefined || !name.startsWith('copyreg.')) return call(callable, args, kwargs);
  if (name === 'copyreg._reconstructor' && second !== undefined && third !== undefined) {
    return reconstruct(cls, second, third, call, context);
  }
  if (name === 'copyreg.__newobj__') {
    const rest = args.slice(1);
    copyFloats(args, rest, -1);
    return call(cls, rest);
  }
  if (name === 'copyreg.__newobj_ex__' && Array.isArray(second) && third instanceof PyDict) {
    return call(cls, second, third);
  }
  return call(callable, args, kwargs);
}

/** Protocols 0 and 1 give a list or dict subclass its content this way. */
function reconstruct(
  cls: PyValue,
  base: PyValue,
  value: PyValue,
  call: Call,
  context: RebuildContext,
): Travelling {
  const content = base instanceof PyGlobal ? base.qualifiedName : '';
  if (content === 'builtins.object') return call(cls, []);
  const object = call(cls, [value]);
  if (!(object instanceof PyObject)) return object;
  if (content === 'builtins.list' && Array.isArray(value)) {
    context.charge(value.length);
    for (const item of value) object.items.push(item);
    copyFloats(value, object.items);
  } else if (content === 'builtins.dict' && value instanceof PyDict) {
    context.charge(value.size);
    for (const [key, item] of value) object.entries.set(key, item, value.isFloat(key));
  }
  return object;
}
