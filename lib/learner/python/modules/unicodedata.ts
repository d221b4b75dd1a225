import { codePointLength } from '../str.js';
import { fn, type Given } from '../builtins/define.js';
import { decimalValue } from '../builtins/unicode.js';
import type { Context } from '../context.js';
import { namesOf } from './module-names.js';

const CATEGORIES =
  'Ll Lu Lt Lm Lo Mn Mc Me Nd Nl No Pc Pd Ps Pe Pi Pf Po Sm Sc Sk So Zs Zl Zp Cc Cf Cs Co Cn'
    .split(' ')
    .map((name): [string, RegExp] => [name, new RegExp(`^\\p{${name}}$`, 'u')]);

function charOf(ctx: Context, given: Given): string {
  const char = given.str('chr');
  if (codePointLength(char) !== 1) {
    throw ctx.raise('TypeError', 'need a single Unicode character as parameter');
  }
  return char;
}

const FORMS: ReadonlySet<string> = new Set(['NFC', 'NFD', 'NFKC', 'NFKD']);

function form(ctx: Context, given: Given): string {
  const name = given.str('form');
  if (!FORMS.has(name)) throw ctx.raise('ValueError', 'invalid normalization form');
  return name;
}

export const UNICODEDATA = namesOf([
  fn('normalize', 'form, unistr', (ctx, given) => {
    const name = form(ctx, given);
    const text = given.str('unistr');
    ctx.budget.step(1 + text.length);
    const normal = text.normalize(name);
    ctx.budget.charge(normal.length);
    return normal;
  }),
  fn('is_normalized', 'form, unistr', (ctx, given) => {
    const text = given.str('unistr');
    ctx.budget.step(1 + text.length);
    return text.normalize(form(ctx, given)) === text;
  }),
  fn('category', 'chr', (ctx, given) => {
    const char = charOf(ctx, given);
    return CATEGORIES.find(([, regex]) => regex.test(char))?.[0] ?? 'Cn';
  }),
  fn('decimal', 'chr, default=', (ctx, given) => {
    const value = decimalValue(charOf(ctx, given));
    if (value !== undefined) return BigInt(value);
    const absent = given.raw('default');
    if (absent === undefined) throw ctx.raise('ValueError', 'not a decimal');
    return absent;
  }),
  // JavaScript has no combining classes: marks of other scripts are only distinguished from zero.
  fn('combining', 'chr', (ctx, given) => {
    const char = charOf(ctx, given);
    if (!/^\p{M}$/u.test(char)) return 0n;
    // Marks above a letter; code uses them to strip accents.
    const code = char.codePointAt(0) as number;
    if (code >= 0x300 && code <= 0x314) return 230n;
    throw ctx.unsupported('unicodedata.combining() of this character is not supported');
  }),
]);
