import type { Interpreter } from '../interpreter.js';
import { TYPES } from '../types.js';
import { plainOf } from '../builtins/unwrap.js';
import { ClassValue, Dict, List, Range, Tuple, type Value } from '../values.js';
import { peek, pop, type Handlers } from '../handler.js';

/** Classes whose one positional pattern is the value itself: `int(x)`. */
const WHOLE: ReadonlySet<ClassValue> = new Set([
  TYPES.bool,
  TYPES.bytes,
  TYPES.dict,
  TYPES.float,
  TYPES.frozenset,
  TYPES.int,
  TYPES.list,
  TYPES.set,
  TYPES.str,
  TYPES.tuple,
]);

/** The values that `case cls(...)` extracts; undefined if it does not match. */
function parts(
  ctx: Interpreter,
  subject: Value,
  cls: Value,
  count: number,
  names: readonly Value[],
): Value[] | undefined {
  if (!(cls instanceof ClassValue))
    throw ctx.raise('TypeError', 'called match pattern must be a class');
  if (!ctx.isInstance(subject, cls)) return undefined;
  const found: Value[] = [];
  if (count > 0 && count === 1 && cls.mro.some((one) => WHOLE.has(one))) found.push(subject);
  else if (count > 0) {
    const fields = cls.lookup('__match_args__');
    const given = fields instanceof Tuple ? fields.items : [];
    if (given.length < count) {
      throw ctx.raise(
        'TypeError',
        `${cls.name}() accepts ${given.length} positional sub-patterns (${count} given)`,
      );
    }
    for (const name of given.slice(0, count)) {
      const value = ctx.findAttr(subject, String(name as string));
      if (value === undefined) return undefined;
      found.push(value);
    }
  }
  for (const name of names) {
    const value = typeof name === 'string' ? ctx.findAttr(subject, name) : undefined;
    if (value === undefined) return undefined;
    found.push(value);
  }
  ctx.budget.charge(found.length);
  return found;
}

/** The instructions of `match`. */
export const PATTERNS: Handlers<'match_mapping' | 'match_sequence' | 'match_keys' | 'match_class'> =
  {
    match_mapping: (ctx, frame) => {
      frame.stack.push(plainOf(peek(ctx, frame, 1)) instanceof Dict);
    },
    match_sequence: (ctx, frame) => {
      const subject = plainOf(peek(ctx, frame, 1));
      frame.stack.push(
        subject instanceof List || subject instanceof Tuple || subject instanceof Range,
      );
    },
    match_keys: (ctx, frame) => {
      const keys = peek(ctx, frame, 1);
      const mapping = plainOf(peek(ctx, frame, 2));
      if (!(keys instanceof Tuple) || !(mapping instanceof Dict)) {
        throw ctx.damaged('a mapping is missing');
      }
      const values = keys.items.map((key) => mapping.entries.get(ctx.keyOf(key))?.[1]);
      ctx.budget.charge(values.length);
      const all = values.filter((value) => value !== undefined);
      frame.stack.push(all.length === values.length ? new Tuple(all) : null);
    },
    match_class: (ctx, frame, { n }) => {
      const names = pop(ctx, frame);
      const cls = pop(ctx, frame);
      const subject = pop(ctx, frame);
      const found = parts(ctx, subject, cls, n, names instanceof Tuple ? names.items : []);
      frame.stack.push(found ? new Tuple(found) : null);
    },
  };
