import { iteratorOf, next, sendTo } from '../iteration.js';
import { PyIterator, type Value } from '../values.js';
import { LEAVE, peek, pop, type Handlers } from '../handler.js';
import type { Interpreter } from '../interpreter.js';

function holds(
  ctx: Interpreter,
  when: 'true' | 'false' | 'none' | 'not_none',
  value: Value,
): boolean {
  if (when === 'none') return value === null;
  if (when === 'not_none') return value !== null;
  const truth = typeof value === 'boolean' ? value : ctx.truth(value);
  return truth === (when === 'true');
}

/** Instructions that jump, iterate, yield and return. */
export const JUMPS: Handlers<
  | 'jump'
  | 'pop_jump_if'
  | 'jump_if_or_pop'
  | 'get_iter'
  | 'get_yield_from_iter'
  | 'for_iter'
  | 'yield_value'
  | 'yield_from'
  | 'send'
  | 'end_send'
> = {
  jump: (_, frame, { target }) => {
    frame.pc = target;
  },
  pop_jump_if: (ctx, frame, { when, target }) => {
    if (holds(ctx, when, pop(ctx, frame))) frame.pc = target;
  },
  jump_if_or_pop: (ctx, frame, { when, target }) => {
    if (ctx.truth(peek(ctx, frame, 1)) === when) frame.pc = target;
    else frame.stack.pop();
  },
  get_iter: (ctx, frame) => {
    frame.stack.push(iteratorOf(ctx, pop(ctx, frame)));
  },
  get_yield_from_iter: (ctx, frame) => {
    frame.stack.push(iteratorOf(ctx, pop(ctx, frame)));
  },
  for_iter: (ctx, frame, { target }) => {
    const iterator = peek(ctx, frame, 1);
    const item = iterator instanceof PyIterator ? iterator.next(null) : next(ctx, iterator);
    if (item === undefined) {
      frame.stack.pop();
      frame.pc = target;
    } else frame.stack.push(item);
  },
  yield_value: (_, frame) => {
    frame.yielded = true;
    return LEAVE;
  },
  yield_from: (ctx, frame) => {
    const sent = pop(ctx, frame);
    const iterator = peek(ctx, frame, 1);
    const got = sendTo(ctx, iterator, sent);
    if (got.done) {
      frame.stack.pop();
      frame.stack.push(got.value);
      return undefined;
    }
    // The next sent value is pushed, and the instruction runs again.
    frame.delegate = { iterator, target: frame.pc, keeps: false };
    frame.pc--;
    frame.stack.push(got.value);
    frame.yielded = true;
    return LEAVE;
  },
  send: (ctx, frame, { target }) => {
    const sent = pop(ctx, frame);
    const iterator = peek(ctx, frame, 1);
    const got = sendTo(ctx, iterator, sent);
    frame.stack.push(got.value);
    if (got.done) frame.pc = target;
    else frame.delegate = { iterator, target, keeps: true };
  },
  end_send: (ctx, frame) => {
    const value = pop(ctx, frame);
    pop(ctx, frame);
    frame.stack.push(value);
  },
};
