import type { Context } from './context.js';
import { HostObject } from './host.js';
import type { Interpreter } from './interpreter.js';
import { bindTo, lookupSpecial, ownAttribute } from './special.js';
import { isBuiltinType } from './types.js';
import {
  BoundMethod,
  Builtin,
  ClassValue,
  Func,
  Instance,
  List,
  MethodWrapper,
  ModuleValue,
  PropertyValue,
  PyIterator,
  Range,
  Slice,
  SuperValue,
  Tuple,
  type Value,
} from './values.js';

/** Names that would lead into the evaluator, or to classes that the code was not given. */
const REFUSED: ReadonlySet<string> = new Set([
  '__builtins__',
  '__closure__',
  '__code__',
  '__dict__',
  '__getattribute__',
  '__getstate__',
  '__globals__',
  '__loader__',
  '__reduce__',
  '__reduce_ex__',
  '__setstate__',
  '__spec__',
  '__subclasses__',
  'cr_frame',
  'gi_code',
  'gi_frame',
  'tb_frame',
]);

/** `object.name`; undefined if it has none. */
export function findAttr(ctx: Interpreter, object: Value, name: string): Value | undefined {
  const found = read(ctx, object, name);
  if (found !== undefined) return found;
  if (name === '__class__') return ctx.typeOf(object);
  if (name === '__doc__') return null;
  if (REFUSED.has(name)) throw ctx.unknown(`.${name}`);
  return undefined;
}

function read(ctx: Interpreter, object: Value, name: string): Value | undefined {
  if (object instanceof Instance) return ofInstance(ctx, object, name);
  if (object instanceof ModuleValue) return ofModule(ctx, object, name);
  if (object instanceof HostObject) {
    return object.getAttr?.(name, ctx) ?? ofType(ctx, object, object.cls, name);
  }
  if (object instanceof SuperValue) return ofSuper(ctx, object, name);
  if (object instanceof ClassValue) return ofClass(ctx, object, name);
  if (object instanceof Func) return object.attrs.get(name) ?? ofFunction(object, name);
  if (object instanceof BoundMethod) {
    if (name === '__self__') return object.self;
    if (name === '__func__') return object.func;
    return read(ctx, object.func, name);
  }
  return ownParts(object, name) ?? ofType(ctx, object, ctx.typeOf(object), name);
}

/** An attribute of a value's class, bound to the value. */
function ofType(
  ctx: Context,
  self: Value,
  cls: ClassValue | undefined,
  name: string,
): Value | undefined {
  const attribute = cls?.lookup(name);
  return cls === undefined || attribute === undefined
    ? undefined
    : bindTo(ctx, attribute, self, cls);
}

/** Whether an attribute of a class takes precedence over those of its instances. */
function goesFirst(attribute: Value): boolean {
  return (
    attribute instanceof PropertyValue ||
    (attribute instanceof Instance && ownAttribute(attribute.cls, '__set__') !== undefined)
  );
}

const checked = new WeakSet<ClassValue>();

/** A class with its own `__getattribute__` is refused; checked once per class. */
function check(ctx: Context, cls: ClassValue): void {
  if (checked.has(cls)) return;
  if (ownAttribute(cls, '__getattribute__') !== undefined) {
    throw ctx.unsupported(`__getattribute__ of ${cls.qualifiedName} is not supported`);
  }
  checked.add(cls);
}

function ofInstance(ctx: Context, object: Instance, name: string): Value | undefined {
  const { cls, attrs } = object;
  check(ctx, cls);
  const attribute = cls.lookup(name);
  if (attribute !== undefined && goesFirst(attribute)) return bindTo(ctx, attribute, object, cls);
  const own = attrs.get(name) ?? ofRecord(object, name);
  if (own !== undefined) return own;
  if (attribute !== undefined) return bindTo(ctx, attribute, object, cls);
  if (REFUSED.has(name) || name === '__class__') return undefined;
  const getattr = ownAttribute(cls, '__getattr__');
  if (getattr !== undefined && getattr !== null && !name.startsWith('__')) {
    return ctx.call(bindTo(ctx, getattr, object, cls), [name]);
  }
  const opaque = cls.mro.find((one) => one.native?.opaque);
  if (opaque) throw ctx.unknown(`${opaque.qualifiedName}.${name}`);
  return undefined;
}

/** An attribute in the file, which is read once. */
function ofRecord(object: Instance, name: string): Value | undefined {
  const value = object.lazy?.(name);
  if (value !== undefined) object.attrs.set(name, value);
  return value;
}

function ofModule(ctx: Interpreter, { path }: ModuleValue, name: string): Value | undefined {
  if (name === '__name__') return path;
  return ctx.nameBelow(path, name);
}

function ofSuper(ctx: Context, { cls, self }: SuperValue, name: string): Value | undefined {
  const of = self instanceof ClassValue ? self : ctx.typeOf(self);
  const start = of.isSubclassOf(cls) ? of : ctx.typeOf(self);
  const attribute = start.lookup(name, cls);
  if (attribute !== undefined) {
    // A class method is bound to the class; `__new__` and functions of a class stay plain.
    if (self instanceof ClassValue && of.isSubclassOf(cls))
      return bindToClass(ctx, attribute, self);
    return bindTo(ctx, attribute, self, start);
  }
  const opaque = start.mro.slice(start.mro.indexOf(cls) + 1).find((one) => one.native?.opaque);
  if (opaque && name !== '__class__') throw ctx.unknown(`${opaque.qualifiedName}.${name}`);
  return undefined;
}

/** An attribute of a class, read from the class itself. */
function bindToClass(ctx: Context, attribute: Value, cls: ClassValue): Value {
  if (attribute instanceof MethodWrapper) {
    return attribute.kind === 'static' ? attribute.func : new BoundMethod(cls, attribute.func);
  }
  if (attribute instanceof Instance) {
    const get = ownAttribute(attribute.cls, '__get__');
    if (get !== undefined && get !== null) {
      return ctx.call(bindTo(ctx, get, attribute, attribute.cls), [null, cls]);
    }
  }
  return attribute;
}

function ofClass(ctx: Interpreter, cls: ClassValue, name: string): Value | undefined {
  switch (name) {
    case '__name__':
      return cls.name;
    case '__qualname__': {
      const qualname = cls.attrs.get('__qualname__');
      return qualname ?? cls.name;
    }
    case '__module__':
      return (
        cls.attrs.get('__module__') ??
        cls.qualifiedName.slice(0, cls.qualifiedName.lastIndexOf('.'))
      );
    case '__mro__':
      ctx.budget.charge(cls.mro.length);
      return new Tuple(cls.mro);
    case '__bases__':
      return new Tuple(cls.bases);
    case '__class__':
    case '__subclasses__':
    case '__dict__':
      return undefined;
    case '__annotations__':
      return cls.attrs.get(name) ?? annotations(ctx, cls);
    case '__doc__':
      return cls.attrs.get(name);
    default:
  }
  const attribute = cls.lookup(name);
  if (attribute !== undefined) return bindToClass(ctx, attribute, cls);
  const ofMetaclass = cls.metaclass && ownAttribute(cls.metaclass, name);
  if (ofMetaclass !== undefined) return bindTo(ctx, ofMetaclass, cls, cls.metaclass!);
  if (name === 'mro') return new Builtin('mro', () => new List([...cls.mro]));
  const opaque = cls.mro.find((one) => one.native?.opaque);
  const named = cls.native && ctx.resolve(`${cls.qualifiedName}.${name}`);
  if (named !== undefined) return named;
  if (opaque) throw ctx.unknown(`${opaque.qualifiedName}.${name}`);
  return undefined;
}

/** From 3.14 on a function makes annotations on demand. */
function annotations(ctx: Interpreter, cls: ClassValue): Value | undefined {
  const make = cls.attrs.get('__annotate_func__') ?? cls.attrs.get('__annotate__');
  if (!(make instanceof Func)) return undefined;
  const made = ctx.call(make, [1n]);
  cls.attrs.set('__annotations__', made);
  return made;
}

function ofFunction(func: Func, name: string): Value | undefined {
  switch (name) {
    case '__doc__':
      return func.code.doc ?? null;
    case '__name__':
      return func.name;
    case '__qualname__':
      return func.qualname;
    case '__defaults__':
      return func.defaults.length === 0 ? null : new Tuple(func.defaults);
    case '__module__': {
      const module = func.globals.get('__name__');
      return module ?? '__main__';
    }
    default:
      return undefined;
  }
}

/** Attributes of Python's own values. */
function ownParts(value: Value, name: string): Value | undefined {
  if (value instanceof Builtin) {
    return name === '__name__' || name === '__qualname__' ? value.name : undefined;
  }
  if (value instanceof Slice || value instanceof Range) {
    if (name === 'start') return value.start;
    if (name === 'stop') return value.stop;
    return name === 'step' ? value.step : undefined;
  }
  if (value instanceof PropertyValue) return partOfProperty(value, name);
  if (value instanceof MethodWrapper && (name === '__func__' || name === '__wrapped__')) {
    return value.func;
  }
  if (value instanceof PyIterator && name === '__next__') {
    return new Builtin(name, (ctx) => {
      const item = value.next(null);
      if (item !== undefined) return item;
      const returned = value.methods.returned?.() ?? null;
      throw ctx.raiseWith('StopIteration', returned === null ? [] : [returned]);
    });
  }
  if (value instanceof PyIterator && name === '__iter__') return new Builtin(name, () => value);
  return undefined;
}

function partOfProperty({ getter, setter, deleter }: PropertyValue, name: string) {
  const made = (make: (func: Value) => PropertyValue) =>
    new Builtin(name, (_, [func = null]) => make(func));
  switch (name) {
    case 'fget':
      return getter;
    case 'fset':
      return setter;
    case 'fdel':
      return deleter;
    case 'getter':
      return made((func) => new PropertyValue(func, setter, deleter));
    case 'setter':
      return made((func) => new PropertyValue(getter, func, deleter));
    case 'deleter':
      return made((func) => new PropertyValue(getter, setter, func));
    default:
      return undefined;
  }
}

/** The AttributeError of `object.name`. */
export function noAttribute(ctx: Context, object: Value, name: string): Error {
  if (object instanceof ModuleValue) return ctx.unknown(`${object.path}.${name}`);
  if (object instanceof ClassValue) {
    return ctx.raise('AttributeError', `type object '${object.name}' has no attribute '${name}'`);
  }
  const kind = object instanceof SuperValue ? 'super' : ctx.typeOf(object).name;
  return ctx.raise('AttributeError', `'${kind}' object has no attribute '${name}'`);
}

/** `object.name = value`. */
export function setAttr(ctx: Context, object: Value, name: string, value: Value): void {
  if (REFUSED.has(name) || name === '__class__') throw ctx.unknown(`an assignment to ${name}`);
  if (object instanceof Instance) {
    const set = ownAttribute(object.cls, '__setattr__');
    if (set !== undefined && set !== null) {
      ctx.call(bindTo(ctx, set, object, object.cls), [name, value]);
      return undefined;
    }
    return setOfInstance(ctx, object, name, value);
  }
  if (object instanceof HostObject && object.setAttr) return object.setAttr(name, value, ctx);
  if (object instanceof Func) return setOfFunction(ctx, object, name, value);
  if (object instanceof ClassValue) return setOfClass(ctx, object, name, value);
  if (object instanceof BoundMethod || object instanceof Builtin || object instanceof ModuleValue) {
    throw ctx.unsupported(`an attribute of a ${ctx.typeOf(object).name} cannot be set here`);
  }
  throw ctx.raise(
    'AttributeError',
    `'${ctx.typeOf(object).name}' object has no attribute '${name}'`,
  );
}

/** `object.__setattr__(self, name, value)`. */
export function setOfInstance(ctx: Context, object: Instance, name: string, value: Value): void {
  const attribute = object.cls.lookup(name);
  if (attribute instanceof PropertyValue) {
    if (attribute.setter === null) {
      throw ctx.raise(
        'AttributeError',
        `property '${name}' of '${object.cls.name}' object has no setter`,
      );
    }
    ctx.call(attribute.setter, [object, value]);
    return;
  }
  const set = attribute instanceof Instance ? lookupSpecial(ctx, attribute, '__set__') : undefined;
  if (set !== undefined && set !== null) {
    ctx.call(set, [object, value]);
    return;
  }
  if (!object.attrs.has(name)) ctx.budget.charge(1);
  object.attrs.set(name, value);
}

function setOfFunction(ctx: Context, func: Func, name: string, value: Value): void {
  if (name === '__name__' && typeof value === 'string') func.name = value;
  else if (name === '__qualname__' && typeof value === 'string') func.qualname = value;
  else if (name === '__defaults__' || name === '__kwdefaults__') {
    throw ctx.unknown(`an assignment to ${name}`);
  } else {
    ctx.budget.charge(1);
    func.attrs.set(name, value);
  }
}

/** Only classes of the code itself may change: all others are shared. */
function setOfClass(ctx: Context, cls: ClassValue, name: string, value: Value): void {
  if (isBuiltinType(cls) || cls.qualifiedName.startsWith('builtins.')) {
    throw ctx.raise('TypeError', `cannot set '${name}' attribute of immutable type '${cls.name}'`);
  }
  if (cls.native) throw ctx.unsupported(`${cls.qualifiedName}.${name} cannot be set here`);
  ctx.budget.charge(1);
  checked.delete(cls);
  cls.attrs.set(name, value);
}

/** `del object.name`. */
export function delAttr(ctx: Context, object: Value, name: string): void {
  if (object instanceof Instance) {
    const del = ownAttribute(object.cls, '__delattr__');
    if (del !== undefined && del !== null) {
      ctx.call(bindTo(ctx, del, object, object.cls), [name]);
      return undefined;
    }
    return delOfInstance(ctx, object, name);
  }
  if (object instanceof Func && object.attrs.delete(name)) return undefined;
  if (object instanceof ClassValue && !object.native && object.attrs.delete(name)) return undefined;
  if (object instanceof HostObject) throw ctx.unknown(`del of ${object.typeName}.${name}`);
  throw noAttribute(ctx, object, name);
}

/** `object.__delattr__(self, name)`. */
export function delOfInstance(ctx: Context, object: Instance, name: string): void {
  const attribute = object.cls.lookup(name);
  if (attribute instanceof PropertyValue) {
    if (attribute.deleter === null) {
      throw ctx.raise(
        'AttributeError',
        `property '${name}' of '${object.cls.name}' object has no deleter`,
      );
    }
    ctx.call(attribute.deleter, [object]);
    return;
  }
  if (!object.attrs.has(name) && ofRecord(object, name) === undefined) {
    throw noAttribute(ctx, object, name);
  }
  object.attrs.delete(name);
  // The file still has it.
  const { lazy } = object;
  if (lazy) object.lazy = (one) => (one === name ? undefined : lazy(one));
}
