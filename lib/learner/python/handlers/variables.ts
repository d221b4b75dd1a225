import type { Frame } from '../frame.js';
import type { Interpreter } from '../interpreter.js';
import { Cell, Dict, type Value } from '../values.js';
import { isCell, pop, type Handlers } from '../handler.js';

function cellOf(ctx: Interpreter, frame: Frame, slot: number): Cell {
  const cell = frame.slots[slot];
  if (isCell(cell)) return cell;
  throw ctx.damaged('a variable is not shared');
}

function unbound(ctx: Interpreter, { prepared }: Frame, slot: number): Error {
  const name = prepared.slotNames[slot]!;
  return slot >= prepared.firstFree
    ? ctx.raise(
        'NameError',
        `cannot access free variable '${name}' where it is not associated with a value in enclosing scope`,
      )
    : ctx.raise(
        'UnboundLocalError',
        `cannot access local variable '${name}' where it is not associated with a value`,
      );
}

function deref(ctx: Interpreter, frame: Frame, slot: number): Value {
  const { value } = cellOf(ctx, frame, slot);
  if (value === undefined) throw unbound(ctx, frame, slot);
  return value;
}

/** The names of a class body or file; functions use slots. */
function namesOf(ctx: Interpreter, frame: Frame): Map<string, Value> {
  if (!frame.names) throw ctx.damaged('its variables have no names');
  return frame.names;
}

/** A global name, or a builtin. */
function global(ctx: Interpreter, frame: Frame, name: string): Value {
  const value = frame.func.globals.get(name) ?? ctx.builtin(name);
  if (value === undefined) throw ctx.raise('NameError', `name '${name}' is not defined`);
  return value;
}

/** The entry of a mapping on the stack under a name: the locals of an enclosing class. */
function inMapping(ctx: Interpreter, mapping: Value, name: string): Value | undefined {
  if (!(mapping instanceof Dict)) throw ctx.damaged('a mapping is missing');
  return mapping.entries.get(ctx.keyOf(name))?.[1];
}

/** Instructions that read and set variables. */
export const VARIABLES: Handlers<
  | 'load_fast'
  | 'store_fast'
  | 'delete_fast'
  | 'load_fast_and_clear'
  | 'make_cell'
  | 'load_deref'
  | 'store_deref'
  | 'delete_deref'
  | 'load_closure'
  | 'load_classderef'
  | 'load_global'
  | 'store_global'
  | 'delete_global'
  | 'load_name'
  | 'store_name'
  | 'delete_name'
  | 'load_from_dict_or_globals'
  | 'load_from_dict_or_deref'
  | 'load_locals'
  | 'load_build_class'
  | 'setup_annotations'
  | 'load_builtin'
> = {
  load_fast: (ctx, frame, { slot }) => {
    const value = frame.slots[slot];
    if (value === undefined) throw unbound(ctx, frame, slot);
    frame.stack.push(value);
  },
  store_fast: (_, { stack, slots }, { slot }) => {
    // It may be NULL, pushed by `load_fast_and_clear`.
    slots[slot] = stack.pop();
  },
  delete_fast: (ctx, frame, { slot }) => {
    if (frame.slots[slot] === undefined) throw unbound(ctx, frame, slot);
    frame.slots[slot] = undefined;
  },
  load_fast_and_clear: (_, { stack, slots }, { slot }) => {
    stack.push(slots[slot]);
    slots[slot] = undefined;
  },
  make_cell: (_, { slots }, { slot }) => {
    const item = slots[slot];
    slots[slot] = new Cell(isCell(item) ? item.value : (item as Value | undefined));
  },
  load_deref: (ctx, frame, { slot }) => {
    frame.stack.push(deref(ctx, frame, slot));
  },
  store_deref: (ctx, frame, { slot }) => {
    cellOf(ctx, frame, slot).value = pop(ctx, frame);
  },
  delete_deref: (ctx, frame, { slot }) => {
    deref(ctx, frame, slot);
    cellOf(ctx, frame, slot).value = undefined;
  },
  load_closure: (ctx, frame, { slot }) => {
    frame.stack.push(cellOf(ctx, frame, slot));
  },
  load_classderef: (ctx, frame, { slot, name }) => {
    frame.stack.push(namesOf(ctx, frame).get(name) ?? deref(ctx, frame, slot));
  },
  load_global: (ctx, frame, { name }) => {
    frame.stack.push(global(ctx, frame, name));
  },
  store_global: (ctx, frame, { name }) => {
    ctx.budget.charge(1);
    frame.func.globals.set(name, pop(ctx, frame));
  },
  delete_global: (ctx, frame, { name }) => {
    if (!frame.func.globals.delete(name)) {
      throw ctx.raise('NameError', `name '${name}' is not defined`);
    }
  },
  load_name: (ctx, frame, { name }) => {
    frame.stack.push(frame.names?.get(name) ?? global(ctx, frame, name));
  },
  store_name: (ctx, frame, { name }) => {
    ctx.budget.charge(1);
    if (frame.names) frame.names.set(name, pop(ctx, frame));
    else frame.func.globals.set(name, pop(ctx, frame));
  },
  delete_name: (ctx, frame, { name }) => {
    if (!(frame.names?.delete(name) ?? frame.func.globals.delete(name))) {
      throw ctx.raise('NameError', `name '${name}' is not defined`);
    }
  },
  load_from_dict_or_globals: (ctx, frame, { name }) => {
    const mapping = pop(ctx, frame);
    frame.stack.push(inMapping(ctx, mapping, name) ?? global(ctx, frame, name));
  },
  load_from_dict_or_deref: (ctx, frame, { slot, name }) => {
    const mapping = pop(ctx, frame);
    frame.stack.push(inMapping(ctx, mapping, name) ?? deref(ctx, frame, slot));
  },
  load_locals: (ctx, frame) => {
    // A copy is enough: only lookups of single names read it.
    const locals = new Dict();
    const names = namesOf(ctx, frame);
    ctx.budget.charge(names.size);
    for (const [name, value] of names) locals.entries.set(ctx.keyOf(name), [name, value]);
    frame.stack.push(locals);
  },
  load_build_class: (ctx, frame) => {
    const build = ctx.builtin('__build_class__');
    if (build === undefined) throw ctx.damaged('classes cannot be made here');
    frame.stack.push(build);
  },
  setup_annotations: (ctx, frame) => {
    const names = namesOf(ctx, frame);
    if (!names.has('__annotations__')) names.set('__annotations__', new Dict());
  },
  load_builtin: (ctx, frame, { name }) => {
    const value = ctx.builtin(name);
    if (value === undefined) throw ctx.unknown(name);
    frame.stack.push(value);
  },
};
