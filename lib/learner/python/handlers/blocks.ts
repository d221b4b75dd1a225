import { isException, isExceptionClass, matches } from '../exceptions.js';
import type { Block, Frame } from '../frame.js';
import type { Interpreter } from '../interpreter.js';
import { NO_KWARGS, Instance, type Value } from '../values.js';
import { enter } from './exceptions.js';
import { LEAVE, peek, pop, popItem, type Handlers } from '../handler.js';

// Why a `finally` runs without an exception (3.7). Any other int is where `call_finally` came from
// (3.8).
const RETURN = -1n;
const CONTINUE = -2n;
const BREAK = -3n;

function push(frame: Frame, kind: Block['kind'], target: number): void {
  frame.blocks.push({ kind, target, level: frame.stack.length });
}

function popBlock(ctx: Interpreter, frame: Frame, kind?: Block['kind']): Block {
  const block = frame.blocks.pop();
  if (!block || (kind !== undefined && block.kind !== kind) || block.level > frame.stack.length) {
    throw ctx.damaged('its blocks do not fit');
  }
  return block;
}

/** Leaves a handler: the previous exception is the current one again. */
function leaveHandler(ctx: Interpreter, frame: Frame, block: Block): void {
  const { stack } = frame;
  if (stack.length < block.level + 3) throw ctx.damaged('its blocks do not fit');
  const before = stack[block.level + 1];
  ctx.handling = before instanceof Instance ? before : null;
  stack.length = block.level;
}

/**
 * Jumps to the innermost block that handles the exception. An exception is three values here:
 * traceback (always None), exception and class; those of the previous exception are below.
 */
export function toBlock(ctx: Interpreter, frame: Frame, exception: Instance): boolean {
  while (frame.blocks.length > 0) {
    const block = popBlock(ctx, frame);
    if (block.kind === 'handler') {
      leaveHandler(ctx, frame, block);
      continue;
    }
    frame.stack.length = block.level;
    if (block.kind === 'loop') continue;
    push(frame, 'handler', -1);
    const before = ctx.handling;
    frame.stack.push(null, before, before?.cls ?? null);
    frame.stack.push(null, exception, exception.cls);
    ctx.handling = exception;
    frame.pc = block.target;
    return true;
  }
  return false;
}

/** Leaves blocks for `return` (3.7): true if a `finally` runs first. */
function unwind(
  ctx: Interpreter,
  frame: Frame,
  why: typeof RETURN | typeof CONTINUE,
  value: Value,
) {
  while (frame.blocks.length > 0) {
    const block = frame.blocks[frame.blocks.length - 1]!;
    if (block.kind === 'loop' && why === CONTINUE) {
      frame.pc = target(ctx, frame, value);
      return true;
    }
    popBlock(ctx, frame);
    if (block.kind === 'handler') {
      leaveHandler(ctx, frame, block);
      continue;
    }
    frame.stack.length = block.level;
    if (block.kind === 'finally') {
      frame.stack.push(value, why);
      frame.pc = block.target;
      return true;
    }
  }
  return false;
}

function target(ctx: Interpreter, frame: Frame, value: Value): number {
  if (typeof value === 'bigint' && value >= 0n && value < frame.prepared.instructions.length) {
    return Number(value);
  }
  throw ctx.damaged('it continues where no instruction is');
}

function breakLoop(ctx: Interpreter, frame: Frame): void {
  while (frame.blocks.length > 0) {
    const block = popBlock(ctx, frame);
    if (block.kind === 'handler') {
      leaveHandler(ctx, frame, block);
      continue;
    }
    frame.stack.length = block.level;
    if (block.kind === 'loop') {
      frame.pc = block.target;
      return;
    }
    if (block.kind === 'finally') {
      // BREAK_LOOP within `try ... finally`: execution continues after the loop when `finally` has
      // run.
      frame.stack.push(BREAK);
      frame.pc = block.target;
      return;
    }
  }
  throw ctx.damaged('it breaks outside a loop');
}

function ret(ctx: Interpreter, frame: Frame, value: Value): typeof LEAVE | void {
  if (unwind(ctx, frame, RETURN, value)) return undefined;
  frame.stack.push(value);
  return LEAVE;
}

/** The exception on top, as its three values. */
function popException(ctx: Interpreter, frame: Frame): Instance {
  popItem(ctx, frame);
  const exception = popItem(ctx, frame);
  popItem(ctx, frame);
  if (exception instanceof Instance && isException(exception)) return exception;
  throw ctx.damaged('an exception is missing');
}

/** Exceptions of 3.7 to 3.10, with CPython's own block stack. */
export const BLOCKS: Handlers<
  | 'setup_finally'
  | 'setup_except'
  | 'setup_with'
  | 'setup_loop'
  | 'call_finally'
  | 'continue_loop'
  | 'pop_block'
  | 'pop_except_block'
  | 'begin_finally'
  | 'end_finally'
  | 'with_cleanup_start'
  | 'with_cleanup_finish'
  | 'with_except_start_block'
  | 'reraise_block'
  | 'break_loop'
  | 'pop_finally'
  | 'jump_if_not_exc_match'
  | 'return_value'
> = {
  setup_finally: (_, frame, { target: to }) => push(frame, 'finally', to),
  setup_except: (_, frame, { target: to }) => push(frame, 'except', to),
  setup_loop: (_, frame, { target: to }) => push(frame, 'loop', to),
  setup_with: (ctx, frame, { target: to }) => {
    const entered = enter(ctx, frame);
    push(frame, 'finally', to);
    frame.stack.push(entered);
  },
  call_finally: (_, frame, { target: to }) => {
    frame.stack.push(BigInt(frame.pc));
    frame.pc = to;
  },
  continue_loop: (ctx, frame, { target: to }) => {
    if (!unwind(ctx, frame, CONTINUE, BigInt(to))) throw ctx.damaged('it continues outside a loop');
  },
  pop_block: (ctx, frame) => {
    popBlock(ctx, frame);
  },
  pop_except_block: (ctx, frame) => {
    popBlock(ctx, frame, 'handler');
    popItem(ctx, frame);
    const before = popItem(ctx, frame);
    popItem(ctx, frame);
    ctx.handling = before instanceof Instance ? before : null;
  },
  begin_finally: (_, { stack }) => {
    stack.push(undefined);
  },
  end_finally: (ctx, frame) => {
    const why = popItem(ctx, frame);
    if (why === undefined || why === null) return undefined;
    if (why === RETURN) return ret(ctx, frame, pop(ctx, frame));
    if (why === CONTINUE) {
      if (unwind(ctx, frame, CONTINUE, pop(ctx, frame))) return undefined;
      throw ctx.damaged('it continues outside a loop');
    }
    if (why === BREAK) return breakLoop(ctx, frame);
    if (typeof why === 'bigint') {
      frame.pc = target(ctx, frame, why);
      return undefined;
    }
    if (!isExceptionClass(why as Value)) throw ctx.damaged('an exception is missing');
    frame.stack.push(why);
    throw ctx.rethrow(popException(ctx, frame));
  },
  with_cleanup_start: (ctx, frame) => {
    const { stack } = frame;
    const top = popItem(ctx, frame);
    if (top instanceof Object && isExceptionClass(top as Value)) {
      // exit, the previous exception, and this one: exit is taken from below them.
      stack.push(top);
      const exit = peek(ctx, frame, 7);
      stack.splice(stack.length - 7, 1);
      // CPython fills the gap with a NULL above the previous exception.
      stack.splice(stack.length - 3, 0, undefined);
      const block = frame.blocks[frame.blocks.length - 1];
      if (block?.kind !== 'handler') throw ctx.damaged('its blocks do not fit');
      block.level--;
      const exception = peek(ctx, frame, 2);
      stack.push(exception, ctx.call(exit, [top as Value, exception, null], NO_KWARGS));
      return;
    }
    // None, NULL, or the reason why `finally` runs; a return value is below.
    const kept = top === RETURN || top === CONTINUE ? [pop(ctx, frame)] : [];
    const exit = pop(ctx, frame);
    stack.push(...kept, top);
    stack.push(null, ctx.call(exit, [null, null, null], NO_KWARGS));
  },
  with_cleanup_finish: (ctx, frame) => {
    const result = pop(ctx, frame);
    const exception = pop(ctx, frame);
    if (exception === null || !ctx.truth(result)) return;
    // The handler is done; the next instructions find nothing to raise.
    leaveHandler(ctx, frame, popBlock(ctx, frame, 'handler'));
    frame.stack.push(undefined);
  },
  with_except_start_block: (ctx, frame) => {
    const exit = peek(ctx, frame, 7);
    const exception = peek(ctx, frame, 2);
    const cls = peek(ctx, frame, 1);
    frame.stack.push(ctx.call(exit, [cls, exception, null], NO_KWARGS));
  },
  reraise_block: (ctx, frame) => {
    throw ctx.rethrow(popException(ctx, frame));
  },
  break_loop: (ctx, frame) => breakLoop(ctx, frame),
  pop_finally: (ctx, frame, { keepsTop }) => {
    const kept = keepsTop ? pop(ctx, frame) : undefined;
    const why = popItem(ctx, frame);
    if (why !== undefined && typeof why !== 'bigint') {
      popItem(ctx, frame);
      popItem(ctx, frame);
      leaveHandler(ctx, frame, popBlock(ctx, frame, 'handler'));
    }
    if (keepsTop) frame.stack.push(kept);
  },
  jump_if_not_exc_match: (ctx, frame, { target: to }) => {
    const wanted = pop(ctx, frame);
    if (!matches(ctx, pop(ctx, frame), wanted)) frame.pc = to;
  },
  return_value: (ctx, frame) => {
    const value = pop(ctx, frame);
    return frame.blocks.length > 0 ? ret(ctx, frame, value) : (frame.stack.push(value), LEAVE);
  },
};
