import type { Context } from './context.js';
import { HostObject } from './host.js';
import { isBuiltinType, typeOf } from './types.js';
import {
  BoundMethod,
  Builtin,
  ClassValue,
  Func,
  Instance,
  List,
  Dict,
  MethodWrapper,
  PropertyValue,
  Tuple,
  type Value,
} from './values.js';

/** Methods of Python's own classes do not count: the evaluator implements them. */
export function ownAttribute(cls: ClassValue, name: string): Value | undefined {
  const { mro } = cls;
  for (let at = 0; at < mro.length; at++) {
    const one = mro[at]!;
    if (isBuiltinType(one)) return undefined;
    const found = one.attrs.get(name);
    if (found !== undefined) return found;
  }
  return undefined;
}

/**
 * A method such as `__len__`, which Python looks up in the class of a value and not in the value
 * itself, bound to the value. Undefined if only Python's own classes define it.
 */
export function lookupSpecial(ctx: Context, value: Value, name: string): Value | undefined {
  if (value instanceof Instance) {
    const found = ownAttribute(value.cls, name);
    return found === undefined ? undefined : bindTo(ctx, found, value, value.cls);
  }
  if (value instanceof List || value instanceof Tuple || value instanceof Dict) {
    if (value.cls === undefined) return undefined;
    const found = ownAttribute(value.cls, name);
    return found === undefined ? undefined : bindTo(ctx, found, value, value.cls);
  }
  if (value instanceof ClassValue && value.metaclass) {
    const found = ownAttribute(value.metaclass, name);
    return found === undefined ? undefined : bindTo(ctx, found, value, value.metaclass);
  }
  return undefined;
}

/** The same for any value: for `with`, and for builtins that look up a method by name. */
export function specialOf(ctx: Context, value: Value, name: string): Value | undefined {
  const found = lookupSpecial(ctx, value, name);
  if (found !== undefined) return found;
  if (value instanceof HostObject) return value.getAttr?.(name, ctx);
  const cls = typeOf(value);
  const attribute = cls?.lookup(name);
  return cls === undefined || attribute === undefined
    ? undefined
    : bindTo(ctx, attribute, value, cls);
}

/** An attribute of a class, read from one of its values. */
export function bindTo(ctx: Context, attribute: Value, self: Value, cls: ClassValue): Value {
  if (attribute instanceof Func) return new BoundMethod(self, attribute);
  if (attribute instanceof Builtin) {
    return attribute.binds ? new BoundMethod(self, attribute) : attribute;
  }
  if (attribute instanceof MethodWrapper) {
    if (attribute.kind === 'static') return attribute.func;
    return new BoundMethod(cls, attribute.func);
  }
  if (attribute instanceof PropertyValue) {
    if (attribute.getter === null) throw ctx.raise('AttributeError', 'unreadable attribute');
    return ctx.call(attribute.getter, [self]);
  }
  if (attribute instanceof Instance) {
    const get = ownAttribute(attribute.cls, '__get__');
    if (get !== undefined && get !== null) {
      return ctx.call(bindTo(ctx, get, attribute, attribute.cls), [self, cls]);
    }
  }
  return attribute;
}
