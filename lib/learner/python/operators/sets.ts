import { ENTRY } from '../budget.js';
import type { Context } from '../context.js';
import type { BinaryOp } from '../host.js';
import { takenFrom } from '../set-order.js';
import { Dict, SetValue, type Key, type Value } from '../values.js';

/** An operator on two sets; `|=` and similar change the left one. */
export function sets(
  ctx: Context,
  op: BinaryOp,
  left: SetValue,
  right: SetValue,
  inPlace: boolean,
): Value | undefined {
  ctx.budget.step(2 * (left.entries.size + right.entries.size));
  const kept: [Key, Value][] = [];
  const take = (from: SetValue, when: (key: Key) => boolean) => {
    for (const [key, item] of from.entries) if (when(key)) kept.push([key, item]);
  };
  switch (op) {
    case '|':
      take(left, () => true);
      take(right, (key) => !left.entries.has(key));
      break;
    case '&':
      take(left, (key) => right.entries.has(key));
      break;
    case '-':
      take(left, (key) => !right.entries.has(key));
      break;
    case '^':
      take(left, (key) => !right.entries.has(key));
      take(right, (key) => !left.entries.has(key));
      break;
    default:
      return undefined;
  }
  ctx.budget.charge(ENTRY * kept.length);
  const result = new SetValue(left.frozen);
  for (const [key, item] of kept) result.entries.set(key, item);
  // The intersection is a new set.
  if (op !== '&') takenFrom(result, op === '-' ? [left] : [left, right]);
  if (!inPlace || left.frozen) return result;
  left.replace(result);
  return left;
}

export function mergeDicts(ctx: Context, left: Dict, right: Value, inPlace: boolean): Dict {
  const result = inPlace ? left : copyOf(ctx, left);
  if (right instanceof Dict) {
    for (const [key, entry] of right.entries) set(ctx, result, key, entry);
    return result;
  }
  for (const pair of ctx.iterate(right)) {
    const [key, value] = [...ctx.iterate(pair)];
    if (key === undefined || value === undefined) {
      throw ctx.raise('ValueError', 'dictionary update sequence element does not have two items');
    }
    set(ctx, result, ctx.keyOf(key), [key, value]);
  }
  return result;
}

function copyOf(ctx: Context, dict: Dict): Dict {
  const copy = new Dict();
  copy.cls = dict.cls;
  copy.factory = dict.factory;
  for (const [key, entry] of dict.entries) set(ctx, copy, key, entry);
  return copy;
}

function set(ctx: Context, dict: Dict, key: Key, [name, value]: readonly [Value, Value]): void {
  const entry = dict.entries.get(key);
  if (entry) entry[1] = value;
  else {
    ctx.budget.charge(ENTRY);
    dict.entries.set(key, [name, value]);
  }
}

/** `left <= right` and similar. */
export function compareSets(
  op: '<' | '<=' | '==' | '!=' | '>' | '>=',
  left: SetValue,
  right: SetValue,
): boolean {
  const within = (one: SetValue, other: SetValue) =>
    one.entries.size <= other.entries.size &&
    [...one.entries.keys()].every((key) => other.entries.has(key));
  switch (op) {
    case '==':
      return left.entries.size === right.entries.size && within(left, right);
    case '!=':
      return !compareSets('==', left, right);
    case '<=':
      return within(left, right);
    case '<':
      return left.entries.size < right.entries.size && within(left, right);
    case '>=':
      return within(right, left);
    case '>':
      return right.entries.size < left.entries.size && within(right, left);
  }
}
