import { ENTRY } from '../budget.js';
import type { Frame, Item } from '../frame.js';
import type { Interpreter } from '../interpreter.js';
import { Dict, NO_KWARGS, Tuple, type Kwargs, type Value } from '../values.js';
import { pop, popItem, popMany, type Handlers } from '../handler.js';

/** The last of `args` are keyword arguments, one for each name. */
function split(
  ctx: Interpreter,
  args: Value[],
  names: readonly Value[],
): { readonly positional: Value[]; readonly kwargs: Kwargs } {
  if (names.length > args.length) throw ctx.damaged('a call has more names than arguments');
  const kwargs = new Map<string, Value>();
  const first = args.length - names.length;
  names.forEach((name, index) => {
    if (typeof name !== 'string') throw ctx.damaged('the name of an argument is not a text');
    kwargs.set(name, args[first + index]!);
  });
  return { positional: args.slice(0, first), kwargs };
}

function namesOf(ctx: Interpreter, names: Value): readonly Value[] {
  if (names instanceof Tuple) return names.items;
  throw ctx.damaged('the names of arguments are missing');
}

/** The arguments of `f(*args, **kwargs)`. NULL stands for no keywords. */
function spread(
  ctx: Interpreter,
  frame: Frame,
  hasKwargs: boolean,
): { readonly args: readonly Value[]; readonly kwargs: Kwargs } {
  const mapping = hasKwargs ? popItem(ctx, frame) : undefined;
  const args = pop(ctx, frame);
  const kwargs = new Map<string, Value>();
  if (mapping !== undefined) {
    if (!(mapping instanceof Dict)) throw ctx.damaged('the keywords of a call are missing');
    for (const [key, value] of mapping.entries.values()) {
      if (typeof key !== 'string') throw ctx.raise('TypeError', 'keywords must be strings');
      kwargs.set(key, value);
    }
    ctx.budget.charge(ENTRY * kwargs.size);
  }
  if (args instanceof Tuple) return { args: args.items, kwargs };
  const items: Value[] = [];
  for (const item of ctx.iterate(args)) {
    ctx.budget.charge(1);
    items.push(item);
  }
  return { args: items, kwargs };
}

/** Pops the two slots of a call, and calls one with the other. */
function callSlots(ctx: Interpreter, frame: Frame, args: readonly Value[], kwargs: Kwargs): void {
  const second = popItem(ctx, frame);
  const first = popItem(ctx, frame);
  frame.stack.push(
    first !== undefined && second !== undefined
      ? ctx.call(callable(ctx, first), [second as Value, ...args], kwargs)
      : ctx.call(callable(ctx, first ?? second), args, kwargs),
  );
}

function callable(ctx: Interpreter, item: Item): Value {
  if (item === undefined) throw ctx.damaged('the callable is missing');
  return item as Value;
}

export const CALLS: Handlers<
  'call' | 'call_kw' | 'call_ex' | 'call_slots' | 'call_slots_kw' | 'call_slots_ex'
> = {
  call: (ctx, frame, { n }) => {
    const args = popMany(ctx, frame, n);
    frame.stack.push(ctx.call(pop(ctx, frame), args, NO_KWARGS));
  },
  call_kw: (ctx, frame, { n }) => {
    const names = namesOf(ctx, pop(ctx, frame));
    const { positional, kwargs } = split(ctx, popMany(ctx, frame, n), names);
    frame.stack.push(ctx.call(pop(ctx, frame), positional, kwargs));
  },
  call_ex: (ctx, frame, { kwargs: hasKwargs }) => {
    const { args, kwargs } = spread(ctx, frame, hasKwargs);
    frame.stack.push(ctx.call(pop(ctx, frame), args, kwargs));
  },
  call_slots: (ctx, frame, { n, names }) => {
    const args = popMany(ctx, frame, n);
    if (names.length === 0) return callSlots(ctx, frame, args, NO_KWARGS);
    const { positional, kwargs } = split(ctx, args, names);
    return callSlots(ctx, frame, positional, kwargs);
  },
  call_slots_kw: (ctx, frame, { n }) => {
    const names = namesOf(ctx, pop(ctx, frame));
    const { positional, kwargs } = split(ctx, popMany(ctx, frame, n), names);
    callSlots(ctx, frame, positional, kwargs);
  },
  call_slots_ex: (ctx, frame, { kwargs: hasKwargs }) => {
    const { args, kwargs } = spread(ctx, frame, hasKwargs);
    callSlots(ctx, frame, args, kwargs);
  },
};
