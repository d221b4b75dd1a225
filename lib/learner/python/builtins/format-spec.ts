import type { Context } from '../context.js';
import { HostObject } from '../host.js';
import { codePointLength } from '../str.js';
import { Instance, type Value } from '../values.js';
import { typeName } from './define.js';
import { floatText, isNegative } from './float-text.js';
import { intText, toDouble } from './int-text.js';
import { asFloat, asInt, asStr } from './unwrap.js';

/** `[[fill]align][sign][z][#][0][width][grouping][.precision][type]`. */
interface Spec {
  readonly fill: string;
  readonly align: string;
  readonly sign: string;
  readonly noNegativeZero: boolean;
  readonly alternate: boolean;
  readonly width: number;
  readonly grouping: string;
  readonly precision: number | undefined;
  readonly type: string;
}

const SPEC =
  /^(?:(?<fill>[^])?(?<align>[<>=^]))?(?<sign>[-+ ])?(?<z>z)?(?<alternate>#)?(?<zero>0)?(?<width>\d+)?(?<grouping>[,_])?(?:\.(?<precision>\d+))?(?<type>[^])?$/u;

/** `format(value, spec)`. */
export function formatValue(ctx: Context, value: Value, spec: string): string {
  const own = formatOfClass(ctx, value, spec);
  if (own !== undefined) return own;
  if (spec === '') return ctx.str(value);
  const text = asStr(value);
  if (text !== undefined) return formatText(ctx, text, spec);
  const int = asInt(value);
  if (int !== undefined) return formatInt(ctx, int, spec);
  const float = asFloat(value);
  if (float !== undefined) return formatFloat(ctx, float, parse(ctx, spec, 'float'), 'float');
  if (value instanceof HostObject) {
    throw ctx.unsupported(`format() of ${typeName(value)} with "${spec}" is not supported`);
  }
  throw ctx.raise('TypeError', `unsupported format string passed to ${typeName(value)}.__format__`);
}

function formatOfClass(ctx: Context, value: Value, spec: string): string | undefined {
  if (!(value instanceof Instance)) return undefined;
  const method = value.cls.lookup('__format__');
  if (method === undefined) return undefined;
  const made = asStr(ctx.call(ctx.getAttr(value, '__format__'), [spec]));
  if (made === undefined) throw ctx.raise('TypeError', '__format__ must return a str');
  return made;
}

function parse(ctx: Context, text: string, kind: string): Spec {
  const groups = SPEC.exec(text)?.groups;
  if (!groups)
    throw ctx.raise(
      'ValueError',
      `Invalid format specifier '${text}' for object of type '${kind}'`,
    );
  const width = Number(groups['width'] ?? 0);
  const precision = groups['precision'] === undefined ? undefined : Number(groups['precision']);
  ctx.budget.charge(width + (precision ?? 0));
  const zero = groups['zero'] !== undefined;
  const numeric = kind !== 'str';
  return {
    fill: groups['fill'] ?? (zero && (groups['align'] === undefined || numeric) ? '0' : ' '),
    align: groups['align'] ?? (zero && numeric ? '=' : ''),
    sign: groups['sign'] ?? '-',
    noNegativeZero: groups['z'] !== undefined,
    alternate: groups['alternate'] !== undefined,
    width,
    grouping: groups['grouping'] ?? '',
    precision,
    type: groups['type'] ?? '',
  };
}

function unknownType(ctx: Context, type: string, kind: string): Error {
  return ctx.raise('ValueError', `Unknown format code '${type}' for object of type '${kind}'`);
}

function formatText(ctx: Context, text: string, specText: string): string {
  const spec = parse(ctx, specText, 'str');
  if (spec.type !== '' && spec.type !== 's') throw unknownType(ctx, spec.type, 'str');
  if (/^(?:[^]?[<>=^])?[-+ ]/u.test(specText) || spec.noNegativeZero) {
    throw ctx.raise('ValueError', 'Sign not allowed in string format specifier');
  }
  if (spec.align === '=') {
    throw ctx.raise('ValueError', "'=' alignment not allowed in string format specifier");
  }
  if (spec.alternate) {
    throw ctx.raise('ValueError', 'Alternate form (#) not allowed in string format specifier');
  }
  if (spec.grouping !== '') {
    throw ctx.raise('ValueError', `Cannot specify '${spec.grouping}' with 's'.`);
  }
  const cut = spec.precision === undefined ? text : [...text].slice(0, spec.precision).join('');
  return aligned('', cut, { ...spec, align: spec.align || '<' });
}

const RADIX: Readonly<Record<string, readonly [radix: number, prefix: string]>> = {
  b: [2, '0b'],
  o: [8, '0o'],
  x: [16, '0x'],
  X: [16, '0X'],
};

function formatInt(ctx: Context, value: bigint, specText: string): string {
  const spec = parse(ctx, specText, 'int');
  if (/^[eEfFgG%]$/.test(spec.type)) return formatFloat(ctx, toDouble(ctx, value), spec, 'int');
  if (spec.precision !== undefined) {
    throw ctx.raise('ValueError', 'Precision not allowed in integer format specifier');
  }
  if (spec.noNegativeZero) {
    throw ctx.raise(
      'ValueError',
      'Negative zero coercion (z) not allowed in format specifier with integer format code',
    );
  }
  if (spec.type === 'c') return formatChar(ctx, value, spec);
  const magnitude = value < 0n ? -value : value;
  const sign = signOf(value < 0n, spec.sign);
  const radix = Object.hasOwn(RADIX, spec.type) ? RADIX[spec.type] : undefined;
  if (radix) {
    if (spec.grouping === ',')
      throw ctx.raise('ValueError', `Cannot specify ',' with '${spec.type}'.`);
    const digits = magnitude.toString(radix[0]);
    const shown = spec.type === 'X' ? digits.toUpperCase() : digits;
    return numberText(ctx, sign + (spec.alternate ? radix[1] : ''), shown, '', spec, 4);
  }
  if (spec.type !== '' && spec.type !== 'd' && spec.type !== 'n')
    throw unknownType(ctx, spec.type, 'int');
  if (spec.type === 'n' && spec.grouping !== '') {
    throw ctx.raise('ValueError', `Cannot specify '${spec.grouping}' with 'n'.`);
  }
  return numberText(ctx, sign, intText(ctx, magnitude), '', spec, 3);
}

function formatChar(ctx: Context, value: bigint, spec: Spec): string {
  if (spec.sign !== '-')
    throw ctx.raise('ValueError', "Sign not allowed with integer format specifier 'c'");
  if (spec.alternate) {
    throw ctx.raise(
      'ValueError',
      "Alternate form (#) not allowed with integer format specifier 'c'",
    );
  }
  if (spec.grouping !== '')
    throw ctx.raise('ValueError', `Cannot specify '${spec.grouping}' with 'c'.`);
  if (value < 0n || value > 0x10ffffn)
    throw ctx.raise('OverflowError', '%c arg not in range(0x110000)');
  return aligned('', String.fromCodePoint(Number(value)), { ...spec, align: spec.align || '<' });
}

function formatFloat(ctx: Context, value: number, spec: Spec, kind: string): string {
  const lower = spec.type.toLowerCase();
  if (!/^[efgn%]?$/.test(lower) || spec.type === 'N') throw unknownType(ctx, spec.type, kind);
  if (lower === 'n' && spec.grouping !== '') {
    throw ctx.raise('ValueError', `Cannot specify '${spec.grouping}' with 'n'.`);
  }
  const percent = lower === '%';
  const type = percent ? 'f' : lower === 'n' ? 'g' : (lower as 'e' | 'f' | 'g' | '');
  const { precision, alternate } = spec;
  let text = floatText(percent ? value * 100 : value, { type, precision, alternate });
  if (lower !== '' && spec.type !== lower) text = text.toUpperCase();
  const negative =
    isNegative(value) && !(spec.noNegativeZero && !/[1-9in]/i.test(text.replace(/e.*/i, '')));
  const [, whole = '', rest = ''] = /^(\d*)([^]*)$/.exec(text) ?? [];
  const sign = signOf(negative, spec.sign);
  return numberText(ctx, sign, whole, rest + (percent ? '%' : ''), spec, 3);
}

function signOf(negative: boolean, wanted: string): string {
  if (negative) return '-';
  return wanted === '-' ? '' : wanted;
}

/** Groups `digits`; a fill of zeros is grouped with them. */
function numberText(
  ctx: Context,
  prefix: string,
  digits: string,
  rest: string,
  spec: Spec,
  size: number,
): string {
  let shown = digits;
  if (spec.grouping !== '' && digits !== '') {
    const zeros = spec.fill === '0' && (spec.align === '=' || spec.align === '');
    const room = zeros && spec.align === '=' ? spec.width - prefix.length - rest.length : 0;
    // A separator follows every `size` digits, and never comes first.
    const needed = Math.ceil(
      (Math.max(room, 0) * size) / (size + 1) + (room > 0 ? 1 / (size + 1) : 0),
    );
    shown = grouped(digits, size, spec.grouping);
    if (shown.length < room) {
      let count = Math.max(needed - 1, digits.length);
      while (count + Math.floor((count - 1) / size) < room) count++;
      shown = grouped(digits.padStart(count, '0'), size, spec.grouping);
    }
  }
  ctx.budget.charge(shown.length + rest.length);
  return aligned(prefix, shown + rest, { ...spec, align: spec.align || '>' });
}

function grouped(digits: string, size: number, separator: string): string {
  const first = digits.length % size;
  const parts = first > 0 ? [digits.slice(0, first)] : [];
  for (let at = first; at < digits.length; at += size) parts.push(digits.slice(at, at + size));
  return parts.join(separator);
}

function aligned(prefix: string, body: string, { fill, align, width }: Spec): string {
  const missing = width - codePointLength(prefix) - codePointLength(body);
  if (missing <= 0) return prefix + body;
  switch (align) {
    case '<':
      return prefix + body + fill.repeat(missing);
    case '=':
      return prefix + fill.repeat(missing) + body;
    case '^': {
      const left = Math.floor(missing / 2);
      return fill.repeat(left) + prefix + body + fill.repeat(missing - left);
    }
    default:
      return fill.repeat(missing) + prefix + body;
  }
}
