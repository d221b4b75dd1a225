import type { Frame } from '../frame.js';
import type { Interpreter } from '../interpreter.js';
import {
  exceptionOf,
  EXCEPTIONS,
  isException,
  isExceptionClass,
  matches,
  stopValue,
} from '../exceptions.js';
import { Instance, NO_KWARGS, type Value } from '../values.js';
import { peek, pop, popItem, type Handlers } from '../handler.js';

function exceptionAt(ctx: Interpreter, frame: Frame, n: number): Instance {
  const exception = peek(ctx, frame, n);
  if (isException(exception)) return exception;
  throw ctx.damaged('an exception is missing');
}

/** A method of a type, bound to its value. */
function special(ctx: Interpreter, value: Value, name: string): Value {
  const method = ctx.special(value, name);
  if (method !== undefined) return method;
  throw ctx.raise(
    'TypeError',
    `'${ctx.typeOf(value).name}' object does not support the context manager protocol`,
  );
}

/** Pushes the `__exit__` of a manager, and returns the result of its `__enter__`. */
export function enter(ctx: Interpreter, frame: Frame): Value {
  const manager = pop(ctx, frame);
  const start = special(ctx, manager, '__enter__');
  frame.stack.push(special(ctx, manager, '__exit__'));
  return ctx.call(start, [], NO_KWARGS);
}

function raise(ctx: Interpreter, frame: Frame, n: number): Error {
  if (n === 0) {
    if (ctx.handling) return ctx.rethrow(ctx.handling);
    return ctx.raise('RuntimeError', 'No active exception to reraise');
  }
  const cause = n === 2 ? pop(ctx, frame) : undefined;
  const exception = exceptionOf(ctx, pop(ctx, frame));
  if (cause !== undefined) {
    if (cause !== null && !isException(cause) && !isExceptionClass(cause)) {
      return ctx.raise('TypeError', 'exception causes must derive from BaseException');
    }
    exception.attrs.set('__cause__', cause === null ? null : exceptionOf(ctx, cause));
    exception.attrs.set('__suppress_context__', true);
  }
  return ctx.rethrow(exception);
}

/** Exceptions of 3.11 and later, and of compiled source. */
export const EXCEPTION_HANDLERS: Handlers<
  | 'push_exc_info'
  | 'pop_except'
  | 'check_exc_match'
  | 'reraise'
  | 'raise'
  | 'before_with'
  | 'load_special'
  | 'with_except_start'
  | 'cleanup_throw'
> = {
  push_exc_info: (ctx, frame) => {
    const exception = exceptionAt(ctx, frame, 1);
    frame.stack.pop();
    frame.stack.push(ctx.handling, exception);
    ctx.handling = exception;
  },
  pop_except: (ctx, frame) => {
    const before = popItem(ctx, frame);
    ctx.handling = before instanceof Instance ? before : null;
  },
  check_exc_match: (ctx, frame) => {
    const wanted = pop(ctx, frame);
    frame.stack.push(matches(ctx, exceptionAt(ctx, frame, 1), wanted));
  },
  reraise: (ctx, frame) => {
    throw ctx.rethrow(exceptionAt(ctx, frame, 1));
  },
  raise: (ctx, frame, { n }) => {
    throw raise(ctx, frame, n);
  },
  before_with: (ctx, frame) => {
    frame.stack.push(enter(ctx, frame));
  },
  load_special: (ctx, frame, { name }) => {
    frame.stack.push(special(ctx, pop(ctx, frame), name));
  },
  with_except_start: (ctx, frame, { depth }) => {
    const exception = exceptionAt(ctx, frame, 1);
    const exit = peek(ctx, frame, depth);
    frame.stack.push(ctx.call(exit, [exception.cls, exception, null], NO_KWARGS));
  },
  cleanup_throw: (ctx, frame) => {
    const exception = exceptionAt(ctx, frame, 1);
    if (!exception.cls.isSubclassOf(EXCEPTIONS.get('StopIteration')!)) throw ctx.rethrow(exception);
    frame.stack.length -= Math.min(3, frame.stack.length);
    frame.stack.push(null, stopValue(exception));
  },
};
