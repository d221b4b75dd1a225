import type { Context } from './context.js';
import { TYPES } from './types.js';
import {
  Builtin,
  ClassValue,
  Instance,
  List,
  NO_KWARGS,
  PropertyValue,
  Tuple,
  type Value,
} from './values.js';

/** Where an exception was first raised, for the message if it is not caught. */
class Origin {
  constructor(readonly where: string) {}
}

/** Carries a Python exception through functions in TypeScript. */
export class PyException extends Error {
  constructor(readonly instance: Instance) {
    // Code raises thousands of exceptions, and a JavaScript stack says nothing about it.
    const { stackTraceLimit } = Error;
    Error.stackTraceLimit = 0;
    super(instance.cls.name);
    Error.stackTraceLimit = stackTraceLimit;
    this.name = 'PyException';
  }

  isA(className: string): boolean {
    const cls = EXCEPTIONS.get(className);
    return cls !== undefined && this.instance.cls.isSubclassOf(cls);
  }
}

/** The exception to throw; it records where it was first raised. */
export function raised(instance: Instance, where: () => string): PyException {
  if (!(instance.host instanceof Origin)) instance.host = new Origin(where());
  return new PyException(instance);
}

export function originOf(instance: Instance): string | undefined {
  return instance.host instanceof Origin ? instance.host.where : undefined;
}

/** Each class comes after its subclasses, as in CPython. */
const HIERARCHY = `
BaseException: SystemExit KeyboardInterrupt GeneratorExit Exception
Exception: StopIteration StopAsyncIteration ArithmeticError AssertionError AttributeError BufferError EOFError
Exception: ImportError LookupError MemoryError NameError OSError ReferenceError RuntimeError SyntaxError
Exception: SystemError TypeError ValueError Warning
ArithmeticError: FloatingPointError OverflowError ZeroDivisionError
ImportError: ModuleNotFoundError
LookupError: IndexError KeyError
NameError: UnboundLocalError
OSError: BlockingIOError ChildProcessError ConnectionError FileExistsError FileNotFoundError InterruptedError
OSError: IsADirectoryError NotADirectoryError PermissionError ProcessLookupError TimeoutError
ConnectionError: BrokenPipeError ConnectionAbortedError ConnectionRefusedError ConnectionResetError
RuntimeError: NotImplementedError RecursionError
SyntaxError: IndentationError
IndentationError: TabError
ValueError: UnicodeError
UnicodeError: UnicodeDecodeError UnicodeEncodeError UnicodeTranslateError
Warning: DeprecationWarning PendingDeprecationWarning RuntimeWarning SyntaxWarning UserWarning FutureWarning
Warning: ImportWarning UnicodeWarning BytesWarning ResourceWarning EncodingWarning
`;

function method(name: string, call: (ctx: Context, self: Value, args: Value[]) => Value): Builtin {
  return new Builtin(name, (ctx, [self = null, ...args]) => call(ctx, self, args), true);
}

const getter = (name: string, read: (instance: Instance) => Value) =>
  new PropertyValue(method(name, (_, self) => (self instanceof Instance ? read(self) : null)));

function argsOf(value: Value): readonly Value[] {
  return value instanceof Instance && value.payload instanceof Tuple ? value.payload.items : [];
}

/** `str(exception)` for a class without its own `__str__`. */
function text(ctx: Context, self: Value): string {
  const args = argsOf(self);
  if (args.length === 0) return '';
  if (args.length > 1) return ctx.repr(new Tuple(args));
  const keyError = EXCEPTIONS.get('KeyError')!;
  return ctx.typeOf(self).isSubclassOf(keyError) ? ctx.repr(args[0]!) : ctx.str(args[0]!);
}

function makeClasses(): Map<string, ClassValue> {
  const base = new ClassValue(
    'BaseException',
    'builtins.BaseException',
    [TYPES.object],
    [
      [
        '__init__',
        method('__init__', (ctx, self, args) => {
          if (self instanceof Instance) self.payload = new Tuple(args);
          ctx.budget.charge(args.length);
          return null;
        }),
      ],
      ['__str__', method('__str__', text)],
      [
        '__repr__',
        method('__repr__', (ctx, self) => {
          const args = argsOf(self);
          const inner = args.length === 1 ? `(${ctx.repr(args[0]!)})` : ctx.repr(new Tuple(args));
          return ctx.typeOf(self).name + inner;
        }),
      ],
      ['args', getter('args', (self) => new Tuple(argsOf(self)))],
      ['with_traceback', method('with_traceback', (_, self) => self)],
      [
        'add_note',
        method('add_note', (ctx, self, args) => {
          if (!(self instanceof Instance)) return null;
          const notes = self.attrs.get('__notes__');
          ctx.budget.charge(1);
          if (notes instanceof List) notes.items.push(args[0] ?? null);
          else self.attrs.set('__notes__', new List([args[0] ?? null]));
          return null;
        }),
      ],
      ['__traceback__', null],
      ['__cause__', null],
      ['__context__', null],
      ['__suppress_context__', false],
    ],
    {
      construct: (ctx, cls, args) => {
        ctx.budget.charge(args.length + 1);
        const made = new Instance(cls);
        made.payload = new Tuple(args);
        return made;
      },
    },
  );
  const classes = new Map([['BaseException', base]]);
  for (const line of HIERARCHY.trim().split('\n')) {
    const [parent = '', names = ''] = line.split(': ');
    for (const name of names.split(' ')) {
      const bases = [classes.get(parent) ?? base];
      classes.set(name, new ClassValue(name, `builtins.${name}`, bases, [], {}));
    }
  }
  const first = (self: Instance) => argsOf(self)[0] ?? null;
  classes.get('StopIteration')!.attrs.set('value', getter('value', first));
  classes.get('SystemExit')!.attrs.set('code', getter('code', first));
  const os = classes.get('OSError')!;
  os.attrs.set(
    'errno',
    getter('errno', (self) => (argsOf(self).length > 1 ? first(self) : null)),
  );
  os.attrs.set(
    'strerror',
    getter('strerror', (self) => argsOf(self)[1] ?? null),
  );
  return classes;
}

/** Python's exceptions by name. */
export const EXCEPTIONS: ReadonlyMap<string, ClassValue> = makeClasses();
EXCEPTIONS.forEach((cls) => cls.attrs.set('__module__', 'builtins'));

const BASE = EXCEPTIONS.get('BaseException')!;

export function isExceptionClass(value: Value | undefined): value is ClassValue {
  return value instanceof ClassValue && value.isSubclassOf(BASE);
}

export function isException(value: Value | undefined): value is Instance {
  return value instanceof Instance && value.cls.isSubclassOf(BASE);
}

export function makeException(className: string, args: readonly Value[]): Instance {
  const instance = new Instance(EXCEPTIONS.get(className) ?? EXCEPTIONS.get('Exception')!);
  instance.payload = new Tuple(args);
  return instance;
}

/** The exception that `raise value` raises. */
export function exceptionOf(ctx: Context, value: Value): Instance {
  const made = isExceptionClass(value) ? ctx.call(value, [], NO_KWARGS) : value;
  if (isException(made)) return made;
  throw ctx.raise('TypeError', 'exceptions must derive from BaseException');
}

/** Whether `except wanted:` catches it. */
export function matches(ctx: Context, exception: Value, wanted: Value): boolean {
  const classes = wanted instanceof Tuple ? wanted.items : [wanted];
  for (const cls of classes) {
    if (isExceptionClass(cls)) continue;
    throw ctx.raise(
      'TypeError',
      'catching classes that do not inherit from BaseException is not allowed',
    );
  }
  const cls = exception instanceof Instance ? exception.cls : exception;
  if (!(cls instanceof ClassValue)) return false;
  return classes.some((one) => one instanceof ClassValue && cls.isSubclassOf(one));
}

/** The return value of a generator that ended: the value of its StopIteration. */
export const stopValue = (exception: Instance): Value => argsOf(exception)[0] ?? null;
