import { delOfInstance, setOfInstance } from './attributes.js';
import { ENTRY } from './budget.js';
import type { Context } from './context.js';
import type { Frame } from './frame.js';
import { HostObject } from './host.js';
import type { Interpreter } from './interpreter.js';
import { bindTo, lookupSpecial, ownAttribute } from './special.js';
import { isBuiltinType, TYPES } from './types.js';
import {
  Builtin,
  Cell,
  ClassValue,
  Func,
  Instance,
  MethodWrapper,
  NO_KWARGS,
  NOT_IMPLEMENTED,
  PropertyValue,
  SuperValue,
  Tuple,
  type Kwargs,
  type Native,
  type Value,
} from './values.js';

/** Metaclasses that have no effect, or whose effect is implemented here. */
const METACLASSES: ReadonlySet<string> = new Set([
  'type',
  'ABCMeta',
  'EnumMeta',
  'EnumType',
  'PrePostInitMeta',
]);

/** `class name(*bases, metaclass=..., **kwargs)`: runs its body and makes the class. */
export function buildClass(ctx: Interpreter, args: readonly Value[], given: Kwargs): Value {
  const [body, name, ...bases] = args;
  if (!(body instanceof Func) || typeof name !== 'string') throw ctx.damaged('a class has no body');
  const kwargs = new Map(given);
  const metaclass = kwargs.get('metaclass');
  kwargs.delete('metaclass');
  const frame = ctx.enter(body, [], NO_KWARGS);
  if (!frame.names) throw ctx.damaged('the body of a class is a function');
  const prepared = bases
    .flatMap((base) => (base instanceof ClassValue ? base.mro : []))
    .find((base) => base.native?.prepare)
    ?.native?.prepare?.();
  if (prepared) {
    for (const [key, value] of frame.names) prepared.set(key, value);
    frame.names = prepared;
  }
  const result = ctx.run(frame);
  const cell = frame.names.get('__classcell__') ?? result;
  frame.names.delete('__classcell__');
  const cls = makeClass(ctx, name, bases, frame.names, metaclass, kwargs);
  if ((cell as unknown) instanceof Cell) (cell as unknown as Cell).value = cls;
  return cls;
}

/** `type(name, bases, attributes)`, and the class of a `class` statement. */
function makeClass(
  ctx: Context,
  name: string,
  given: readonly Value[],
  attrs: ReadonlyMap<string, Value>,
  metaclass: Value | undefined,
  kwargs: Kwargs,
): ClassValue {
  const bases = basesOf(ctx, given);
  const meta = metaclass ?? bases.find((base) => base.metaclass)?.metaclass;
  if (meta !== undefined && !(meta instanceof ClassValue && METACLASSES.has(meta.name))) {
    const label = meta instanceof ClassValue ? meta.qualifiedName : 'a function';
    throw ctx.unsupported(`the metaclass ${label} is not supported`);
  }
  const module = attrs.get('__module__') ?? '__main__';
  const qualname = attrs.get('__qualname__') ?? name;
  ctx.budget.charge(ENTRY * (attrs.size + 2) + bases.length);
  const cls = new ClassValue(name, `${asText(module)}.${asText(qualname)}`, bases, attrs);
  if (meta instanceof ClassValue && meta !== TYPES.type) cls.metaclass = meta;
  implyKinds(cls);
  for (const [key, value] of attrs) {
    const setName =
      value instanceof Instance ? lookupSpecial(ctx, value, '__set_name__') : undefined;
    if (setName !== undefined && setName !== null) ctx.call(setName, [cls, key]);
  }
  const native = cls.mro.find((one) => one.native?.subclassed);
  native?.native?.subclassed?.(ctx, cls, kwargs);
  const init = cls.lookup('__init_subclass__', cls);
  if (init !== undefined) ctx.call(bindTo(ctx, classMethod(init), cls, cls), [], kwargs);
  return cls;
}

const asText = (value: Value): string => (typeof value === 'string' ? value : '__main__');

/** Includes those of its bases. */
const MOST_BASES = 300;

function basesOf(ctx: Context, given: readonly Value[]): ClassValue[] {
  // `typing.Generic[T]` and similar have no effect at run time.
  const bases = given.filter((base): base is ClassValue => base instanceof ClassValue);
  if (bases.length !== given.length) {
    const other = given.find((base) => !(base instanceof ClassValue))!;
    throw ctx.unsupported(
      `a class that derives from a value of type ${ctx.typeOf(other).name} is not supported`,
    );
  }
  if (bases.includes(TYPES.bool) || bases.includes(TYPES.function)) {
    throw ctx.raise('TypeError', `type '${bases[0]!.name}' is not an acceptable base type`);
  }
  if (bases.some((base) => base.isSubclassOf(TYPES.type))) {
    throw ctx.unsupported('a metaclass defined in the code is not supported');
  }
  const size = bases.reduce((sum, { mro }) => sum + mro.length, 0);
  if (size > MOST_BASES)
    throw ctx.unsupported(`a class that derives from ${size} other classes is not supported`);
  // Ordering the bases takes time quadratic in their number.
  ctx.budget.step(size * size);
  if (new Set(bases).size !== bases.length) throw ctx.raise('TypeError', 'duplicate base class');
  return bases.length === 0 ? [TYPES.object] : bases;
}

const classMethod = (value: Value): Value =>
  value instanceof Func ? new MethodWrapper('class', value) : value;

/** `__new__` is implicitly a static method, and some others are implicitly class methods. */
function implyKinds(cls: ClassValue): void {
  const make = cls.attrs.get('__new__');
  if (make instanceof Func) cls.attrs.set('__new__', new MethodWrapper('static', make));
  for (const name of ['__init_subclass__', '__class_getitem__']) {
    const value = cls.attrs.get(name);
    if (value instanceof Func) cls.attrs.set(name, classMethod(value));
  }
}

/** `cls(*args, **kwargs)`. */
export function callClass(
  ctx: Interpreter,
  cls: ClassValue,
  args: readonly Value[],
  kwargs: Kwargs,
): Value {
  if (cls === TYPES.type) return callType(ctx, args, kwargs);
  if (cls === TYPES.super) return superOf(ctx, args);
  const call = cls.metaclass && ownAttribute(cls.metaclass, '__call__');
  if (call !== undefined && call !== null && cls.metaclass) {
    return ctx.call(bindTo(ctx, call, cls, cls.metaclass), args, kwargs);
  }
  const abstract = abstractMethods(cls);
  if (abstract.length > 0) {
    throw ctx.raise(
      'TypeError',
      `Can't instantiate abstract class ${cls.name} with abstract method${abstract.length > 1 ? 's' : ''} ${abstract.join(', ')}`,
    );
  }
  const make = ownAttribute(cls, '__new__');
  if (make !== undefined && make !== null) {
    const func = make instanceof MethodWrapper ? make.func : make;
    const made = ctx.call(func, [cls, ...args], kwargs);
    if (ctx.typeOf(made).isSubclassOf(cls)) initialize(ctx, cls, made, args, kwargs);
    return made;
  }
  const init = ownAttribute(cls, '__init__');
  const maker = cls.mro.find(
    (one) => one.native?.construct && (one !== TYPES.object || one === cls),
  );
  const initFirst =
    init !== undefined && (!maker || before(cls, '__init__', maker)) && !isBuiltinType(cls);
  if (maker && isBuiltinType(maker)) {
    if (cls === maker) return maker.native.construct!(ctx, cls, args, kwargs);
    const made = new Instance(cls);
    ctx.budget.charge(1);
    const filled = MUTABLE.has(maker) && init !== undefined;
    made.payload = maker.native.construct!(
      ctx,
      maker,
      filled ? [] : args,
      filled ? NO_KWARGS : kwargs,
    );
    if (initFirst) initialize(ctx, cls, made, args, kwargs);
    return made;
  }
  if (maker && !(initFirst && !maker.qualifiedName.startsWith('builtins.'))) {
    const made = maker.native!.construct!(ctx, cls, args, initFirst ? NO_KWARGS : kwargs);
    if (initFirst) initialize(ctx, cls, made, args, kwargs);
    return made;
  }
  const made = new Instance(cls);
  ctx.budget.charge(1);
  if (init === undefined && (args.length > 0 || kwargs.size > 0)) {
    throw ctx.raise('TypeError', `${cls.name}() takes no arguments`);
  }
  initialize(ctx, cls, made, args, kwargs);
  return made;
}

/** `__init__` fills these; `__new__`, which also gets the arguments, fills the others. */
const MUTABLE: ReadonlySet<ClassValue> = new Set([TYPES.list, TYPES.dict, TYPES.set]);

/** Whether a class has an attribute before the class `end` in the order of its bases. */
function before(cls: ClassValue, name: string, end: ClassValue): boolean {
  for (const one of cls.mro) {
    if (one === end) return false;
    if (one.attrs.has(name)) return true;
  }
  return false;
}

function abstractMethods(cls: ClassValue): string[] {
  if (cls.metaclass?.name !== 'ABCMeta') return [];
  const names = new Set<string>();
  for (const one of cls.mro) {
    for (const [name, value] of one.attrs) {
      const func = value instanceof MethodWrapper ? value.func : value;
      const raw = func instanceof PropertyValue ? func.getter : func;
      if (raw instanceof Func && raw.attrs.get('__isabstractmethod__') === true) names.add(name);
    }
  }
  return [...names].filter((name) => isAbstract(cls.lookup(name))).sort();
}

function isAbstract(value: Value | undefined): boolean {
  const func = value instanceof MethodWrapper ? value.func : value;
  const raw = func instanceof PropertyValue ? func.getter : func;
  return raw instanceof Func && raw.attrs.get('__isabstractmethod__') === true;
}

function initialize(
  ctx: Context,
  cls: ClassValue,
  made: Value,
  args: readonly Value[],
  kwargs: Kwargs,
): void {
  const around =
    cls.metaclass?.name === 'PrePostInitMeta' || cls.mro.some((one) => one.native?.prePostInit);
  const step = (name: string) => {
    const method = ownAttribute(cls, name);
    if (method === undefined || method === null) return;
    const result = ctx.call(bindTo(ctx, method, made, cls), args, kwargs);
    if (name === '__init__' && result !== null) {
      throw ctx.raise(
        'TypeError',
        `__init__() should return None, not '${ctx.typeOf(result).name}'`,
      );
    }
  };
  if (around) step('__pre_init__');
  step('__init__');
  if (around) step('__post_init__');
}

function callType(ctx: Context, args: readonly Value[], kwargs: Kwargs): Value {
  if (args.length === 1) return ctx.typeOf(args[0]!);
  const [name, bases, dict] = args;
  if (typeof name !== 'string' || !(bases instanceof Tuple) || dict === undefined) {
    throw ctx.raise('TypeError', 'type() takes 1 or 3 arguments');
  }
  const attrs = new Map<string, Value>();
  for (const key of ctx.iterate(dict)) {
    if (typeof key !== 'string')
      throw ctx.raise('TypeError', 'type() argument 3 has a key that is no str');
    attrs.set(key, ctx.getItem(dict, key));
  }
  return makeClass(ctx, name, bases.items, attrs, undefined, kwargs);
}

/** `super()` without arguments finds its class and object in the calling function. */
function superOf(ctx: Interpreter, args: readonly Value[]): SuperValue {
  const [cls, self] = args.length === 0 ? around(ctx, ctx.frame) : args;
  if (!(cls instanceof ClassValue))
    throw ctx.raise('TypeError', 'super() argument 1 must be a type');
  if (self === undefined) throw ctx.unsupported('super() with only a class is not supported');
  const of = self instanceof ClassValue ? self : ctx.typeOf(self);
  if (!of.isSubclassOf(cls) && !ctx.typeOf(self).isSubclassOf(cls)) {
    throw ctx.raise('TypeError', 'super(type, obj): obj must be an instance or subtype of type');
  }
  return new SuperValue(cls, self);
}

function around(ctx: Context, frame: Frame | undefined): readonly (Value | undefined)[] {
  const slot = frame?.prepared.slotNames.indexOf('__class__') ?? -1;
  const cell = frame?.slots[slot];
  const first = frame && frame.func.code.argCount > 0 ? frame.slots[0] : undefined;
  const self = first instanceof Cell ? first.value : (first as Value | undefined);
  if (!(cell instanceof Cell) || cell.value === undefined || self === undefined) {
    throw ctx.raise('RuntimeError', 'super(): no arguments');
  }
  return [cell.value, self];
}

/** `isinstance(value, cls)`. */
export function isInstance(ctx: Context, value: Value, cls: Value): boolean {
  if (cls instanceof Tuple) {
    ctx.budget.enter();
    const fits = cls.items.some((one) => isInstance(ctx, value, one));
    ctx.budget.leave();
    return fits;
  }
  if (!(cls instanceof ClassValue)) {
    if (cls instanceof Builtin || cls instanceof HostObject) {
      throw ctx.unsupported(`isinstance() with ${ctx.repr(cls)} is not supported`);
    }
    throw ctx.raise('TypeError', 'isinstance() arg 2 must be a type, a tuple of types, or a union');
  }
  if (ctx.typeOf(value).isSubclassOf(cls) || cls.native?.has?.(value)) return true;
  if (!cls.native && cls.mro.some((one) => one.native?.hasOf?.(value, cls))) return true;
  // Nothing is known about such a class: a value of a library may be an instance of it.
  if (cls.native?.opaque && !cls.native.has && value instanceof HostObject) {
    throw ctx.unknown(`isinstance() with ${cls.qualifiedName}`);
  }
  const check = cls.metaclass && ownAttribute(cls.metaclass, '__instancecheck__');
  return check !== undefined && check !== null && cls.metaclass
    ? ctx.truth(ctx.call(bindTo(ctx, check, cls, cls.metaclass), [value]))
    : false;
}

/** Attributes of `object`, and of the classes that make methods. */
function setUp(): void {
  const method = (name: string, call: Native) =>
    TYPES.object.attrs.set(name, new Builtin(name, call, true));
  method('__init__', (ctx, [self = null]) => {
    const native = ctx
      .typeOf(self)
      .mro.find((one) => one.native?.construct && !one.qualifiedName.startsWith('builtins.'));
    if (native) throw ctx.unknown(`${native.qualifiedName}.__init__`);
    return null;
  });
  method('__setattr__', (ctx, [self = null, name, value = null]) => {
    if (typeof name !== 'string') throw ctx.raise('TypeError', 'attribute name must be string');
    if (self instanceof Instance && name !== '__class__' && name !== '__dict__') {
      setOfInstance(ctx, self, name, value);
    } else ctx.setAttr(self, name, value);
    return null;
  });
  method('__delattr__', (ctx, [self = null, name]) => {
    if (typeof name !== 'string') throw ctx.raise('TypeError', 'attribute name must be string');
    if (self instanceof Instance) delOfInstance(ctx, self, name);
    else ctx.delAttr(self, name);
    return null;
  });
  method('__eq__', (_, [self, other]) => (self === other ? true : NOT_IMPLEMENTED));
  method('__ne__', (_, [self, other]) => (self === other ? false : NOT_IMPLEMENTED));
  TYPES.object.attrs.set(
    '__init_subclass__',
    new MethodWrapper('class', new Builtin('__init_subclass__', () => null)),
  );
  TYPES.object.attrs.set(
    '__new__',
    new Builtin('__new__', (ctx, [cls]) => {
      if (!(cls instanceof ClassValue))
        throw ctx.raise('TypeError', 'object.__new__(X): X is not a type');
      const native = cls.mro.find((one) => one.native?.construct && one !== TYPES.object);
      if (native) throw ctx.unknown(`${native.qualifiedName}.__new__`);
      ctx.budget.charge(1);
      return new Instance(cls);
    }),
  );
  TYPES.object.native.construct = (ctx, cls, args) => {
    if (args.length > 0) throw ctx.raise('TypeError', `${cls.name}() takes no arguments`);
    ctx.budget.charge(1);
    return new Instance(cls);
  };
  TYPES.property.native.construct = (_ctx, _cls, args, kwargs) => {
    const [getter = null, setter = null, deleter = null] = args;
    return new PropertyValue(
      kwargs.get('fget') ?? getter,
      kwargs.get('fset') ?? setter,
      kwargs.get('fdel') ?? deleter,
    );
  };
  TYPES.staticmethod.native.construct = (_ctx, _cls, [func = null]) =>
    new MethodWrapper('static', func);
  TYPES.classmethod.native.construct = (_ctx, _cls, [func = null]) =>
    new MethodWrapper('class', func);
}
setUp();
