import type { Context } from '../../../python/context.js';
import { DispatchFunction } from '../../../python/records/index.js';
import {
  BoundMethod,
  Builtin,
  ClassValue,
  Dict,
  Func,
  Instance,
  MethodWrapper,
  Tuple,
  type Value,
} from '../../../python/values.js';

const METHODS: ReadonlySet<string> = new Set(['encodes', 'decodes', 'setups']);

/**
 * Functions of one name in a class of source, distinguished by their annotations: fastai's
 * metaclass keeps them all, those of the bases first.
 */
export class Overloads extends Builtin {
  constructor(readonly funcs: readonly Value[]) {
    super(
      'overloads',
      (ctx, [self = null, item = null, ...rest], kwargs) => {
        const chosen = methodFor(ctx, new BoundMethod(self, this), item);
        if (chosen) return ctx.call(chosen.func, [...chosen.first, item, ...rest], kwargs);
        throw ctx.raise('TypeError', 'no method takes these arguments');
      },
      true,
    );
  }

  static join(name: string, before: Value | undefined, value: Value): Value {
    if (!METHODS.has(name) || !isMethod(before) || !isMethod(value)) return value;
    return new Overloads([...functionsOf(before), ...functionsOf(value)]);
  }

  /** The methods of a class from source, with those of its bases. */
  static inherit(cls: ClassValue): void {
    for (const name of METHODS) {
      const own = cls.attrs.get(name);
      if (own !== undefined) cls.attrs.set(name, Overloads.join(name, cls.lookup(name, cls), own));
    }
  }
}

/** The names of a class's body. */
export class MethodNames extends Map<string, Value> {
  override set(name: string, value: Value): this {
    return super.set(name, Overloads.join(name, this.get(name), value));
  }
}

const isMethod = (value: Value | undefined): value is Value =>
  value instanceof Func || value instanceof Overloads || value instanceof DispatchFunction;

const functionsOf = (value: Value): readonly Value[] =>
  value instanceof Overloads ? value.funcs : [value];

/** How to process an item: the function, and its declared result class. */
export interface Chosen {
  readonly func: Value;
  /** Arguments before the item. */
  readonly first: readonly Value[];
  /** None is null; undefined without a declaration. */
  readonly returns: ClassValue | null | undefined;
}

/**
 * The function of `encodes` or `decodes` whose annotation matches an item. Undefined if none does:
 * the item does not change.
 */
export function methodFor(ctx: Context, callable: Value, item: Value): Chosen | undefined {
  const [func, first] =
    callable instanceof BoundMethod ? [callable.func, [callable.self]] : [callable, []];
  const inner = func instanceof MethodWrapper ? func.func : func;
  if (inner instanceof DispatchFunction) {
    // A function that does not wrap a method has no parameter for the transform.
    const found = inner.find(ctx, [...first, item]);
    return found && { ...found, first };
  }
  if (inner instanceof Overloads) return mostSpecial(ctx, inner.funcs, first, item);
  if (inner instanceof Func) return annotated(ctx, inner, first, item);
  if (isTypeDispatch(inner)) {
    return ofTypeDispatch(ctx, inner, first, item);
  }
  return { func: inner, first, returns: undefined };
}

/** The function that takes the item by its most specific class, and the last of equals. */
function mostSpecial(
  ctx: Context,
  funcs: readonly Value[],
  first: readonly Value[],
  item: Value,
): Chosen | undefined {
  const fitting = funcs.flatMap((func) => {
    const chosen = methodFor(ctx, first.length > 0 ? new BoundMethod(first[0]!, func) : func, item);
    const type =
      func instanceof Func ? annotationOf(ctx, func, func.code.slotNames[first.length]) : undefined;
    return chosen ? [{ chosen, type: type ?? null }] : [];
  });
  const isAbove = (type: Value, other: Value): boolean =>
    other === null || (type !== null && isAsSpecific(type, other));
  return fitting.findLast(({ type }) => fitting.every((other) => isAbove(type, other.type)))
    ?.chosen;
}

/** The annotation of a parameter: a class, or a tuple of classes. */
function annotationOf(ctx: Context, func: Func, name: string | undefined): Value | undefined {
  const annotations = func.attrs.get('__annotations__');
  if (!(annotations instanceof Dict) || name === undefined) return undefined;
  const type = annotations.entries.get(ctx.keyOf(name))?.[1];
  return typeof type === 'string' ? typeOfText(ctx, func, type) : type;
}

/**
 * Annotations of source are text until they are needed: `A`, `m.A`, `A | B`, `(A, B)`,
 * `Union[A, B]`.
 */
function typeOfText(ctx: Context, func: Func, text: string): Value {
  const plain = text.trim().replace(/^(['"])(.*)\1$/, '$2');
  const inner = /^(?:(?:typing\.)?Union\[(.*)\]|\((.*)\))$/s.exec(plain);
  const parts = (inner?.[1] ?? inner?.[2] ?? plain)
    .split(inner ? ',' : '|')
    .map((part) => part.trim())
    .filter((part) => part !== '');
  const types = parts.map((part): Value => {
    if (part === 'None') return null;
    if (!/^[\p{L}_][\p{L}\p{N}_.]*$/u.test(part)) {
      throw ctx.unsupported(`the annotation "${text}" of a transform`);
    }
    const [first = '', ...rest] = part.split('.');
    const start = func.globals.get(first) ?? ctx.resolve(`builtins.${first}`);
    if (start === undefined) throw ctx.unknown(part);
    return rest.reduce<Value>((value, name) => ctx.getAttr(value, name), start);
  });
  return types.length === 1 ? types[0]! : new Tuple(types);
}

/** A function from source with unresolved annotations. */
function annotated(
  ctx: Context,
  func: Func,
  first: readonly Value[],
  item: Value,
): Chosen | undefined {
  const type = annotationOf(ctx, func, func.code.slotNames[first.length]);
  if (type !== undefined && !fits(ctx, item, type)) return undefined;
  const returns = annotationOf(ctx, func, 'return');
  return {
    func,
    first,
    returns: returns === null || returns instanceof ClassValue ? returns : undefined,
  };
}

/** Whether an item matches an annotation: a class, None, or a tuple of these. */
function fits(ctx: Context, item: Value, type: Value): boolean {
  if (type instanceof ClassValue) return isAny(type) || ctx.isInstance(item, type);
  if (type instanceof Tuple) return type.items.some((one) => fits(ctx, item, one));
  if (type === null) return item === null;
  throw ctx.unsupported('an annotation of a transform that is not a class');
}

const isAny = ({ qualifiedName }: ClassValue): boolean =>
  qualifiedName === 'typing.Any' || qualifiedName === 'builtins.object';

/**
 * An attribute of a transform, as a method where the transform's class has it. An object's own
 * functions do not take the transform.
 */
export function boundTo(self: Value, name: string, value: Value): Value {
  const isOwn = self instanceof Instance && self.attrs.has(name);
  return isTypeDispatch(value) && !isOwn ? new BoundMethod(self, value) : value;
}

const isTypeDispatch = (value: Value): value is Instance =>
  value instanceof Instance && value.cls.name === 'TypeDispatch';

/** fastcore's own dispatch, up to fastai 2.7: `{ class: { class: function } }`. */
function ofTypeDispatch(
  ctx: Context,
  dispatch: Instance,
  first: readonly Value[],
  item: Value,
): Chosen | undefined {
  const entries = (table: Value): [Value, Value][] => {
    const dict = ctx.findAttr(table, 'd');
    return dict instanceof Dict ? [...dict.entries.values()] : [];
  };
  const fitting = entries(ctx.getAttr(dispatch, 'funcs')).filter(([type]) => fits(ctx, item, type));
  const best = fitting.find(([type]) => fitting.every(([other]) => isAsSpecific(type, other)));
  const [, func] = best ? (entries(best[1])[0] ?? []) : [];
  if (func !== undefined) return { func, first, returns: undefined };
  // Those of the class that the transform extends.
  for (const base of ctx.iterate(ctx.findAttr(dispatch, 'bases') ?? new Tuple([]))) {
    ctx.budget.step();
    const found = base instanceof Instance ? ofTypeDispatch(ctx, base, first, item) : undefined;
    if (found) return found;
  }
  return undefined;
}

function isAsSpecific(type: Value, other: Value): boolean {
  if (!(type instanceof ClassValue) || !(other instanceof ClassValue)) return type === other;
  return isAny(other) || type.isSubclassOf(other);
}
