import type { Context } from '../context.js';
import { HostObject } from '../host.js';
import { Instance, type Builtin, type Value } from '../values.js';
import { typeName } from '../builtins/define.js';
import { toDouble } from '../builtins/int-text.js';
import { asFloat, asInt } from '../builtins/unwrap.js';

/** The names of one module. */
export type ModuleNames = ReadonlyMap<string, Value>;

export function namesOf(
  functions: readonly Builtin[],
  others: Readonly<Record<string, Value>> = {},
): ModuleNames {
  return new Map<string, Value>([
    ...functions.map((one): [string, Value] => [one.name, one]),
    ...Object.entries(others),
  ]);
}

/** A number as a double, also from a value with `__float__`. */
export function double(ctx: Context, value: Value): number {
  const float = asFloat(value);
  if (float !== undefined) return float;
  const int = asInt(value);
  if (int !== undefined) return toDouble(ctx, int);
  const made =
    value instanceof HostObject
      ? value.toFloat?.(ctx)
      : value instanceof Instance && value.cls.lookup('__float__') !== undefined
        ? ctx.call(ctx.getAttr(value, '__float__'), [])
        : undefined;
  if (typeof made === 'number') return made;
  if (made !== undefined && made !== null) {
    throw ctx.unsupported(
      `the code needs the number of a ${typeName(value)}, which is still unknown`,
    );
  }
  throw ctx.raise('TypeError', `must be real number, not ${typeName(value)}`);
}
