import { ENTRY } from './budget.js';
import type { Context } from './context.js';
import type { Item } from './frame.js';
import type { Prepared } from './prepared.js';
import { Dict, Tuple, type Func, type Kwargs, type Value } from './values.js';

/**
 * The variables of a call: its arguments, and the variables of enclosing functions.
 *
 * @throws a TypeError of Python if the arguments do not fit
 */
export function bindArguments(
  ctx: Context,
  func: Func,
  prepared: Prepared,
  args: readonly Value[],
  kwargs: Kwargs,
): Item[] {
  const { argCount, kwOnlyCount, firstFree } = prepared;
  const slots: Item[] = [];
  for (let slot = 0; slot < firstFree; slot++) {
    slots.push(slot < argCount && slot < args.length ? args[slot] : undefined);
  }
  for (let at = 0; at < prepared.freeCount; at++) slots.push(func.closure[at]);
  if (prepared.isPlain && args.length === argCount && kwargs.size === 0) return slots;
  const { code } = func;
  const last = argCount + kwOnlyCount;
  if (code.hasVarArgs) {
    ctx.budget.charge(Math.max(0, args.length - argCount));
    slots[last] = new Tuple(args.slice(argCount));
  }
  const rest = bindKeywords(ctx, func, slots, kwargs);
  if (code.hasVarKwargs) slots[last + Number(code.hasVarArgs)] = rest;
  if (args.length > argCount && !code.hasVarArgs) throw tooMany(ctx, func, args.length, slots);
  fillDefaults(ctx, func, slots);
  return slots;
}

function bindKeywords(ctx: Context, func: Func, slots: Item[], kwargs: Kwargs): Dict {
  const { code } = func;
  const rest = new Dict();
  const last = code.argCount + code.kwOnlyCount;
  for (const [name, value] of kwargs) {
    let slot = code.slotNames.indexOf(name, code.posOnlyCount);
    if (slot >= last) slot = -1;
    if (slot >= 0) {
      if (slots[slot] !== undefined) {
        throw ctx.raise(
          'TypeError',
          `${func.qualname}() got multiple values for argument '${name}'`,
        );
      }
      slots[slot] = value;
    } else if (code.hasVarKwargs) {
      ctx.budget.charge(ENTRY);
      rest.entries.set(ctx.keyOf(name), [name, value]);
    } else throw unexpected(ctx, func, kwargs, name);
  }
  return rest;
}

function unexpected(ctx: Context, { code, qualname }: Func, kwargs: Kwargs, name: string): Error {
  const positionalOnly = code.slotNames
    .slice(0, code.posOnlyCount)
    .filter((one) => kwargs.has(one));
  return ctx.raise(
    'TypeError',
    positionalOnly.length > 0
      ? `${qualname}() got some positional-only arguments passed as keyword arguments: '${positionalOnly.join(', ')}'`
      : `${qualname}() got an unexpected keyword argument '${name}'`,
  );
}

function tooMany(ctx: Context, { code, qualname, defaults }: Func, given: number, slots: Item[]) {
  const { argCount, kwOnlyCount } = code;
  const least = argCount - Math.min(defaults.length, argCount);
  const wanted = least < argCount ? `from ${least} to ${argCount}` : String(argCount);
  const byName = slots.slice(argCount, argCount + kwOnlyCount).filter((item) => item !== undefined);
  const extra =
    byName.length > 0
      ? ` positional argument${given === 1 ? '' : 's'} (and ${byName.length} keyword-only argument${byName.length === 1 ? '' : 's'})`
      : '';
  return ctx.raise(
    'TypeError',
    `${qualname}() takes ${wanted} positional argument${wanted === '1' ? '' : 's'} but ${given}${extra} ` +
      `${given === 1 && extra === '' ? 'was' : 'were'} given`,
  );
}

function fillDefaults(ctx: Context, func: Func, slots: Item[]): void {
  const { code, defaults, kwDefaults } = func;
  const { argCount, kwOnlyCount, slotNames } = code;
  const firstDefault = argCount - defaults.length;
  const missing: string[] = [];
  for (let slot = 0; slot < argCount; slot++) {
    // None is a value: `??=` would replace it.
    if (slots[slot] === undefined && slot >= firstDefault) {
      slots[slot] = defaults[slot - firstDefault];
    }
    if (slots[slot] === undefined) missing.push(slotNames[slot]!);
  }
  if (missing.length > 0) throw lacks(ctx, func, 'positional', missing);
  for (let slot = argCount; slot < argCount + kwOnlyCount; slot++) {
    if (slots[slot] === undefined) slots[slot] = kwDefaults.get(slotNames[slot]!);
    if (slots[slot] === undefined) missing.push(slotNames[slot]!);
  }
  if (missing.length > 0) throw lacks(ctx, func, 'keyword-only', missing);
}

function lacks(ctx: Context, func: Func, kind: string, names: readonly string[]): Error {
  const quoted = names.map((name) => `'${name}'`);
  const last = quoted.pop();
  const list =
    quoted.length === 0
      ? last
      : quoted.length === 1
        ? `${quoted[0]} and ${last}`
        : `${quoted.join(', ')}, and ${last}`;
  return ctx.raise(
    'TypeError',
    `${func.qualname}() missing ${names.length} required ${kind} argument${names.length === 1 ? '' : 's'}: ${list}`,
  );
}
