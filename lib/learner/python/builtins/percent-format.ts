import type { Context } from '../context.js';
import { codePointLength } from '../str.js';
import { List, type Value } from '../values.js';
import { toCount, typeName } from './define.js';
import { floatText, isNegative } from './float-text.js';
import { intText, toDouble } from './int-text.js';
import { asciiRepr } from './repr.js';
import { asDict, asFloat, asInt, asStr, asTuple } from './unwrap.js';

const ITEM =
  /%(?:\((?<key>(?:[^()]|\([^()]*\))*)\))?(?<flags>[-+ #0]*)(?<width>\*|\d+)?(?:\.(?<precision>\*|\d*))?[hlL]?(?<type>[^]?)/gu;

/** `template % values`. */
export function percentFormat(ctx: Context, template: string, values: Value): string {
  ctx.budget.step(template.length);
  const args = new Arguments(ctx, values);
  const result = template.replace(ITEM, (...found: unknown[]) => {
    const groups = found.at(-1) as Record<string, string | undefined>;
    const type = groups['type'] ?? '';
    if (type === '') throw ctx.raise('ValueError', 'incomplete format');
    if (found[0] === '%%') return '%';
    const text = item(ctx, args, groups, type);
    ctx.budget.charge(text.length);
    return text;
  });
  args.end();
  return result;
}

class Arguments {
  readonly #items: readonly Value[];
  readonly #mapping: boolean;
  #next = 0;
  #byKey = false;

  constructor(
    private readonly ctx: Context,
    private readonly values: Value,
  ) {
    const tuple = asTuple(values);
    this.#items = tuple ? tuple.items : [values];
    // Anything with items counts as a mapping, whose items may remain unused.
    this.#mapping = asDict(values) !== undefined || values instanceof List;
  }

  next(): Value {
    const value = this.#items[this.#next++];
    if (value === undefined) {
      throw this.ctx.raise('TypeError', 'not enough arguments for format string');
    }
    return value;
  }

  of(key: string): Value {
    this.#byKey = true;
    if (asDict(this.values) === undefined)
      throw this.ctx.raise('TypeError', 'format requires a mapping');
    return this.ctx.getItem(this.values, key);
  }

  end(): void {
    if (this.#byKey || (this.#mapping && this.#next === 0) || this.#next >= this.#items.length)
      return;
    throw this.ctx.raise('TypeError', 'not all arguments converted during string formatting');
  }
}

function item(
  ctx: Context,
  args: Arguments,
  groups: Record<string, string | undefined>,
  type: string,
): string {
  let flags = groups['flags'] ?? '';
  const size = (text: string | undefined): number | undefined => {
    if (text === undefined) return undefined;
    if (text !== '*') return Number(text);
    const given = asInt(args.next());
    if (given === undefined) throw ctx.raise('TypeError', '* wants int');
    return toCount(given);
  };
  const keyed = groups['key'] === undefined ? undefined : args.of(groups['key']);
  let width = size(groups['width']) ?? 0;
  if (width < 0) {
    width = -width;
    flags += '-';
  }
  const precision = size(groups['precision']);
  const value = keyed === undefined ? args.next() : keyed;
  ctx.budget.charge(width + Math.max(precision ?? 0, 0));
  const [sign, body] = converted(ctx, value, type, flags, precision);
  const missing = width - sign.length - codePointLength(body);
  if (missing <= 0) return sign + body;
  if (flags.includes('-')) return sign + body + ' '.repeat(missing);
  const numeric = !'crsa'.includes(type);
  const zeros = flags.includes('0') && numeric;
  return zeros ? sign + '0'.repeat(missing) + body : ' '.repeat(missing) + sign + body;
}

function converted(
  ctx: Context,
  value: Value,
  type: string,
  flags: string,
  precision: number | undefined,
): readonly [sign: string, body: string] {
  const alternate = flags.includes('#');
  const signOf = (negative: boolean): string =>
    negative ? '-' : flags.includes('+') ? '+' : flags.includes(' ') ? ' ' : '';
  switch (type) {
    case 's':
    case 'r':
    case 'a': {
      const text =
        type === 's' ? ctx.str(value) : type === 'r' ? ctx.repr(value) : asciiRepr(ctx, value);
      return ['', precision === undefined ? text : [...text].slice(0, precision).join('')];
    }
    case 'c':
      return ['', charOf(ctx, value)];
    case 'd':
    case 'i':
    case 'u': {
      const float = asFloat(value);
      const int = float === undefined ? asInt(value) : BigInt(truncated(ctx, float));
      if (int === undefined) {
        throw ctx.raise(
          'TypeError',
          `%${type} format: a real number is required, not ${typeName(value)}`,
        );
      }
      const magnitude = int < 0n ? -int : int;
      return [signOf(int < 0n), intText(ctx, magnitude).padStart(precision ?? 0, '0')];
    }
    case 'o':
    case 'x':
    case 'X': {
      const int = asInt(value);
      if (int === undefined) {
        throw ctx.raise(
          'TypeError',
          `%${type} format: an integer is required, not ${typeName(value)}`,
        );
      }
      const radix = type === 'o' ? 8 : 16;
      let digits = (int < 0n ? -int : int).toString(radix).padStart(precision ?? 0, '0');
      if (type === 'X') digits = digits.toUpperCase();
      return [signOf(int < 0n) + (alternate ? `0${type}` : ''), digits];
    }
    case 'e':
    case 'E':
    case 'f':
    case 'F':
    case 'g':
    case 'G': {
      const int = asInt(value);
      const float = int === undefined ? asFloat(value) : toDouble(ctx, int);
      if (float === undefined)
        throw ctx.raise('TypeError', `must be real number, not ${typeName(value)}`);
      const lower = type.toLowerCase() as 'e' | 'f' | 'g';
      const text = floatText(float, { type: lower, precision: precision ?? 6, alternate });
      return [signOf(isNegative(float)), type === lower ? text : text.toUpperCase()];
    }
    default:
      throw ctx.raise('ValueError', `unsupported format character '${type}'`);
  }
}

function truncated(ctx: Context, value: number): number {
  if (Number.isNaN(value)) throw ctx.raise('ValueError', 'cannot convert float NaN to integer');
  if (!Number.isFinite(value)) {
    throw ctx.raise('OverflowError', 'cannot convert float infinity to integer');
  }
  return Math.trunc(value);
}

function charOf(ctx: Context, value: Value): string {
  const int = asInt(value);
  if (int !== undefined) {
    if (int >= 0n && int < 0x110000n) return String.fromCodePoint(Number(int));
    throw ctx.raise('OverflowError', '%c arg not in range(0x110000)');
  }
  const text = asStr(value);
  if (text === undefined || codePointLength(text) !== 1) {
    throw ctx.raise('TypeError', '%c requires int or char');
  }
  return text;
}
