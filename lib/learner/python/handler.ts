import type { Frame, Item } from './frame.js';
import { CodeOnStack } from './frame.js';
import type { Instruction } from './instructions.js';
import type { Interpreter } from './interpreter.js';
import { Cell, type Value } from './values.js';

/** `frame` stops: it returns or yields the top of its stack. */
export const LEAVE = true;

/** Executes an instruction. */
export type Handle<I> = (ctx: Interpreter, frame: Frame, instruction: I) => typeof LEAVE | void;

type WithOp<I, Op> = I extends { readonly op: infer O } ? (Op extends O ? I : never) : never;

/** Handlers of some of the instructions, by name. */
export type Handlers<Op extends Instruction['op']> = {
  readonly [O in Op]: Handle<WithOp<Instruction, O>>;
};

/** The top of the stack, which has to be a value. */
export function pop(ctx: Interpreter, frame: Frame): Value {
  const item = frame.stack.pop();
  if (item === undefined) throw ctx.damaged('its stack is empty');
  return item as Value;
}

/** The n-th from the top, which has to be a value. */
export function peek(ctx: Interpreter, frame: Frame, n: number): Value {
  const item = frame.stack[frame.stack.length - n];
  if (item === undefined) throw ctx.damaged('its stack is empty');
  return item as Value;
}

/** A value, or CPython's NULL. */
export function popItem(ctx: Interpreter, frame: Frame): Item {
  if (frame.stack.length === 0) throw ctx.damaged('its stack is empty');
  return frame.stack.pop();
}

/** The last n values, the top last. */
export function popMany(ctx: Interpreter, frame: Frame, n: number): Value[] {
  const { stack } = frame;
  const first = stack.length - n;
  if (first < 0) throw ctx.damaged('its stack is empty');
  // Faster than `splice`, which copies the array.
  const items: Value[] = [];
  for (let at = first; at < stack.length; at++) {
    const item = stack[at];
    if (item === undefined) throw ctx.damaged('a value is missing');
    items.push(item as Value);
  }
  stack.length = first;
  return items;
}

export function isCell(item: Item): item is Cell {
  return item instanceof Cell;
}

export function isCode(item: Item): item is CodeOnStack {
  return item instanceof CodeOnStack;
}
