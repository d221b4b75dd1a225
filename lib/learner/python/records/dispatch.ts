import { PyDict, PyGlobal, PyObject, type PyValue } from '../../torch/python.js';
import type { Context } from '../context.js';
import { Builtin, ClassValue, type Value } from '../values.js';
import type { Reading } from './reading.js';

/** Any of these classes; undefined accepts every value. */
type Annotation = readonly ClassValue[] | undefined;

/** One of several functions with one name, and the classes that it takes. */
interface Method {
  readonly types: readonly Annotation[];
  readonly variadic: boolean;
  readonly func: Value;
  /** The return annotation: None is null; undefined without an annotation. */
  readonly returns: ClassValue | null | undefined;
}

/** A function of plum. It is called like any other; callers that need the method can ask for it. */
export class DispatchFunction extends Builtin {
  constructor(
    name: string,
    private readonly methods: () => readonly Method[],
  ) {
    super(
      name,
      (ctx, args, kwargs) => {
        const method = this.find(ctx, args);
        if (method) return ctx.call(method.func, args, kwargs);
        throw ctx.raise('TypeError', `\`${name}\` has no method for these arguments`);
      },
      true,
    );
  }

  /** The method for the arguments; undefined if none takes them. */
  find(ctx: Context, args: readonly Value[]): Pick<Method, 'func' | 'returns'> | undefined {
    return choose(ctx, this.name, this.methods(), args);
  }
}

/**
 * A function of plum (fastcore's transforms have them): the annotations choose the method by the
 * classes of the positional arguments.
 */
export function dispatchOf(reading: Reading, record: PyObject): Value {
  let methods: Method[] | undefined;
  return new DispatchFunction(
    nameOf(record),
    () => (methods ??= reading.complete(() => methodsOf(reading, record))),
  );
}

function nameOf(record: PyObject): string {
  const func = record.attr('_f');
  const name = func instanceof PyObject ? func.attr('__name__') : undefined;
  return typeof name === 'string' ? name : 'a function';
}

/** Registered methods, and those that plum would register on the first call. */
function methodsOf(reading: Reading, record: PyObject): Method[] {
  const methods: Method[] = [];
  const resolver = record.attr('_resolver');
  const known = resolver instanceof PyObject ? resolver.attr('methods') : undefined;
  for (const method of itemsOf(known)) {
    if (!(method instanceof PyObject)) continue;
    const signature = method.attr('signature');
    const func = method.attr('implementation');
    if (func === undefined) continue;
    const returns = returnOf(reading, method.attr('return_type'));
    methods.push({ ...typesOf(reading, signature), func: reading.value(func), returns });
  }
  for (const pending of itemsOf(record.attr('_pending'))) {
    const [func, signature] = itemsOf(pending);
    if (func === undefined) continue;
    const annotations = func instanceof PyObject ? func.attr('__annotations__') : undefined;
    const returns = returnOf(
      reading,
      annotations instanceof PyDict ? annotations.get('return') : undefined,
    );
    const types = typesOf(reading, signature instanceof PyObject ? signature : func);
    methods.push({ ...types, func: reading.value(func), returns });
  }
  return methods;
}

function itemsOf(value: PyValue | undefined): readonly PyValue[] {
  if (value instanceof PyObject)
    return value.items.length > 0 ? value.items : itemsOf(value.args[0]);
  return Array.isArray(value) ? value : [];
}

/** From a signature of plum, or from the annotations of a function that was not registered yet. */
function typesOf(reading: Reading, from: PyValue | undefined): Pick<Method, 'types' | 'variadic'> {
  if (!(from instanceof PyObject)) return { types: [], variadic: true };
  const types = from.attr('types') ?? from.attr('_types');
  if (types !== undefined) {
    const rest = from.attr('varargs');
    return {
      types: itemsOf(types).map((type) => classesOf(reading, type)),
      variadic: rest instanceof PyGlobal ? !rest.name.endsWith('Missing') : rest !== undefined,
    };
  }
  const annotations = from.attr('__annotations__');
  const code = from.args[0];
  const names = code instanceof PyObject ? itemsOf(code.args[code.args.length === 15 ? 8 : 9]) : [];
  const count = code instanceof PyObject ? Number(code.args[0]) : 0;
  return {
    types: names.slice(0, count).map((name) => {
      const type = annotations instanceof PyDict ? annotations.get(name) : undefined;
      return type === undefined ? undefined : classesOf(reading, type);
    }),
    variadic: false,
  };
}

/** @throws UnsupportedCodeError for an unknown annotation */
function classesOf(reading: Reading, type: PyValue): Annotation {
  if (type instanceof PyGlobal && /^typing\.Any$|^builtins\.object$/.test(type.qualifiedName)) {
    return undefined;
  }
  const parts = alternatives(type);
  if (parts) {
    const classes = parts.map((part) => classesOf(reading, part));
    return classes.includes(undefined) ? undefined : classes.flatMap((one) => one ?? []);
  }
  const value = reading.value(type);
  if (value instanceof ClassValue) return [value];
  throw reading.context().unsupported('an annotation of a transform that is not a class');
}

/** `Union[A, B]`, `A | B` and `(A, B)`. */
function alternatives(type: PyValue): readonly PyValue[] | undefined {
  if (Array.isArray(type)) return type;
  if (!(type instanceof PyObject)) return undefined;
  const [of, parts] = type.args;
  const isUnion =
    of instanceof PyGlobal && /^typing\.(Union|Optional)$|^_?operator\.or_$/.test(of.qualifiedName);
  return isUnion && Array.isArray(parts) ? parts : undefined;
}

function returnOf(reading: Reading, type: PyValue | undefined): ClassValue | null | undefined {
  if (type === undefined || type === null) return undefined;
  if (type instanceof PyGlobal && type.name === 'Any') return undefined;
  const value = reading.value(type);
  if (!(value instanceof ClassValue)) return undefined;
  return value.name === 'NoneType' ? null : value;
}

function choose(
  ctx: Context,
  name: string,
  methods: readonly Method[],
  args: readonly Value[],
): Method | undefined {
  ctx.budget.step(methods.length * (args.length + 1));
  const fitting = methods.filter(
    ({ types, variadic }) =>
      (variadic ? args.length >= types.length : args.length === types.length) &&
      types.every((type, at) => !type || type.some((cls) => ctx.isInstance(args[at]!, cls))),
  );
  const best = fitting.filter((one) => fitting.every((other) => isAsSpecific(one, other)));
  // Of several methods for the same classes the last one counts, because it redefines the others.
  const same = best.every((one) => best.every((other) => isAsSpecific(one, other)));
  if (best.length > 0 && same) return best.at(-1);
  if (fitting.length === 0) return undefined;
  throw ctx.unsupported(`\`${name}\` has several methods for these arguments`);
}

function isAsSpecific(one: Method, other: Method): boolean {
  return (
    one === other ||
    one.types.every((type, at) => {
      const wanted = other.types[at];
      if (!wanted) return true;
      return type?.every((cls) => wanted.some((base) => cls.isSubclassOf(base))) ?? false;
    })
  );
}
