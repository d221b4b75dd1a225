import { SCOPE } from '../budget.js';
import type { Frame, Item } from '../frame.js';
import type { Interpreter } from '../interpreter.js';
import { Dict, Func, Tuple, type Cell, type Value } from '../values.js';
import { isCell, isCode, pop, popItem, type Handlers } from '../handler.js';

function setDefaults(ctx: Interpreter, func: Func, value: Item): void {
  if (!(value instanceof Tuple)) throw ctx.damaged('the defaults of a function are missing');
  func.defaults = value.items;
}

function setKwDefaults(ctx: Interpreter, func: Func, value: Item): void {
  if (!(value instanceof Dict)) throw ctx.damaged('the defaults of a function are missing');
  const defaults = new Map<string, Value>();
  for (const [key, item] of value.entries.values()) {
    if (typeof key === 'string') defaults.set(key, item);
  }
  func.kwDefaults = defaults;
}

/** A dictionary, or (3.10 and later) alternating names and values. */
function setAnnotations(ctx: Interpreter, func: Func, value: Item): void {
  let annotations = value;
  if (value instanceof Tuple) {
    annotations = new Dict();
    for (let i = 0; i + 1 < value.items.length; i += 2) {
      const key = value.items[i]!;
      annotations.entries.set(ctx.keyOf(key), [key, value.items[i + 1]!]);
    }
  }
  if (!(annotations instanceof Dict)) throw ctx.damaged('annotations are missing');
  func.attrs.set('__annotations__', annotations);
}

function setClosure(ctx: Interpreter, func: Func, value: Item): void {
  const cells: readonly Item[] = value instanceof Tuple ? value.items : [];
  if (!cells.every(isCell) || cells.length !== func.code.freeCount) {
    throw ctx.damaged('the closure of a function does not fit it');
  }
  func.closure = cells as readonly Cell[];
}

/** `import a.b.c` gives `a`, `from a.b import c` gives `a.b`. */
function importName(ctx: Interpreter, frame: Frame, name: string): Value {
  const names = pop(ctx, frame);
  const level = pop(ctx, frame);
  if (typeof level !== 'bigint' && typeof level !== 'number')
    throw ctx.damaged('an import is not a module');
  const module = ctx.importModule(frame, name, Number(level));
  const top = name.split('.')[0]!;
  return names === null && level == 0 && top !== name ? ctx.importModule(frame, top, 0) : module;
}

export const FUNCTIONS: Handlers<
  'make_function' | 'set_function_attribute' | 'import_name' | 'import_from' | 'import_star'
> = {
  make_function: (ctx, frame, how) => {
    const qualname = how.qualname ? pop(ctx, frame) : undefined;
    const code = popItem(ctx, frame);
    if (!isCode(code)) throw ctx.damaged('the code of a function is missing');
    ctx.budget.charge(SCOPE);
    const func = new Func(code.code, frame.func.globals);
    if (typeof qualname === 'string') func.qualname = qualname;
    const module = frame.func.attrs.get('__module__');
    if (module !== undefined) func.attrs.set('__module__', module);
    if (how.closure) setClosure(ctx, func, popItem(ctx, frame));
    if (how.annotations) setAnnotations(ctx, func, popItem(ctx, frame));
    if (how.kwDefaults) setKwDefaults(ctx, func, popItem(ctx, frame));
    if (how.defaults) setDefaults(ctx, func, popItem(ctx, frame));
    frame.stack.push(func);
  },
  set_function_attribute: (ctx, frame, { attribute }) => {
    const func = pop(ctx, frame);
    if (!(func instanceof Func)) throw ctx.damaged('a function is missing');
    const value = popItem(ctx, frame);
    if (attribute === 'defaults') setDefaults(ctx, func, value);
    else if (attribute === 'kwDefaults') setKwDefaults(ctx, func, value);
    else if (attribute === 'annotations') setAnnotations(ctx, func, value);
    else if (attribute === 'closure') setClosure(ctx, func, value);
    else func.attrs.set('__annotate__', value as Value);
    frame.stack.push(func);
  },
  import_name: (ctx, frame, { name }) => {
    frame.stack.push(importName(ctx, frame, name));
  },
  import_from: (ctx, frame, { name }) => {
    const module = pop(ctx, frame);
    frame.stack.push(module, ctx.getAttr(module, name));
  },
  import_star: (ctx) => {
    throw ctx.unknown('from ... import *');
  },
};
