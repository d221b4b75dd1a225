import type { Context } from '../context.js';
import { codePointLength } from '../str.js';
import type { Builtin, Value } from '../values.js';
import { indexOfOffset, span } from './code-points.js';
import { method, typeName, type Given } from './define.js';
import { asStr, asTuple } from './unwrap.js';

const END = Number.MAX_SAFE_INTEGER;

function range(
  text: string,
  given: Given,
): { readonly from: number; readonly to: number } | undefined {
  const start = given.get('start') === null ? 0 : given.count('start');
  const end = given.get('end') === null ? END : given.count('end');
  return span(text, start, end);
}

function position(name: 'find' | 'rfind' | 'index' | 'rindex'): Builtin {
  return method(name, 'sub, start=, end=', (ctx, self, given) => {
    const text = textOf(ctx, self);
    const sub = given.str('sub');
    ctx.budget.step(text.length + 1);
    const within = range(text, given);
    let found = -1;
    if (within) {
      const part = text.slice(within.from, within.to);
      const at = name.startsWith('r') ? part.lastIndexOf(sub) : part.indexOf(sub);
      if (at >= 0) found = indexOfOffset(text, within.from + at);
    }
    if (found < 0 && name.endsWith('index')) throw ctx.raise('ValueError', 'substring not found');
    return BigInt(found);
  });
}

/** `text`, or the str within an instance of a subclass. */
export function textOf(ctx: Context, self: Value): string {
  const text = asStr(self);
  if (text === undefined) throw ctx.raise('TypeError', `a str is needed, not ${typeName(self)}`);
  return text;
}

function affix(name: 'startswith' | 'endswith', param: string): Builtin {
  return method(name, `${param}, start=, end=`, (ctx, self, given) => {
    const text = textOf(ctx, self);
    const wanted = given.get(param);
    const options = asTuple(wanted)?.items ?? [wanted];
    const within = range(text, given);
    const part = within && text.slice(within.from, within.to);
    return options.some((option) => {
      const one = asStr(option);
      if (one === undefined) {
        throw ctx.raise(
          'TypeError',
          `${name} first arg must be str or a tuple of str, not ${typeName(option)}`,
        );
      }
      ctx.budget.step(one.length + 1);
      if (part === undefined) return false;
      return name === 'startswith' ? part.startsWith(one) : part.endsWith(one);
    });
  });
}

export const SEARCHES: readonly Builtin[] = [
  position('find'),
  position('rfind'),
  position('index'),
  position('rindex'),
  affix('startswith', 'prefix'),
  affix('endswith', 'suffix'),
  method('count', 'sub, start=, end=', (ctx, self, given) => {
    const text = textOf(ctx, self);
    const sub = given.str('sub');
    ctx.budget.step(text.length + 1);
    const within = range(text, given);
    if (!within) return 0n;
    const part = text.slice(within.from, within.to);
    return BigInt(sub === '' ? codePointLength(part) + 1 : part.split(sub).length - 1);
  }),
  method('replace', 'old, new, count=', (ctx, self, given) => {
    const text = textOf(ctx, self);
    const old = given.str('old');
    const by = given.str('new');
    const count = given.count('count', -1);
    ctx.budget.step(text.length + 1);
    const parts = old === '' ? ['', ...text, ''] : text.split(old);
    const most = count < 0 ? parts.length - 1 : Math.min(count, parts.length - 1);
    ctx.budget.charge(text.length + most * by.length);
    return parts.slice(0, most + 1).join(by) + rest(parts, most, old);
  }),
];

function rest(parts: readonly string[], from: number, old: string): string {
  const left = parts.slice(from + 1);
  return left.length === 0 ? '' : old + left.join(old);
}
