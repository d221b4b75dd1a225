import type { Context } from '../context.js';
import type { PythonMatch, PythonPattern } from '../regex/index.js';
import { LETTER_ESCAPES } from '../str.js';

type Part = string | number;

/** Parsed templates of the last patterns; a rule uses the same template for every text. */
const parsed = new WeakMap<PythonPattern, Map<string, readonly Part[]>>();

/** `match.expand(template)`: the replacement that `sub` makes. */
export function expandTemplate(
  ctx: Context,
  template: string,
  pattern: PythonPattern,
  { groups }: PythonMatch,
): string {
  let known = parsed.get(pattern);
  if (!known) parsed.set(pattern, (known = new Map()));
  let parts = known.get(template);
  if (!parts) {
    ctx.budget.step(template.length);
    parts = parse(ctx, template, pattern);
    if (known.size > 50) known.clear();
    known.set(template, parts);
  }
  let result = '';
  for (const part of parts) result += typeof part === 'string' ? part : (groups[part] ?? '');
  return result;
}

function parse(ctx: Context, template: string, pattern: PythonPattern): Part[] {
  const parts: Part[] = [];
  const group = (text: string): number => {
    const index = /^\d+$/.test(text) ? Number(text) : pattern.groupNames.get(text);
    if (index === undefined) throw ctx.raise('IndexError', `unknown group name '${text}'`);
    if (index > pattern.groupCount) {
      throw ctx.raise('error', `invalid group reference ${text}`);
    }
    return index;
  };
  let at = 0;
  while (at < template.length) {
    const rest = template.slice(at, at + 120);
    const plain = /^[^\\]+/.exec(rest);
    const named = /^\\g<([^>]*)>/.exec(rest);
    // Three octal digits, or octal digits after a zero, are a character; other digits are the
    // number of a group.
    const octal = /^\\(0[0-7]{0,2}|[1-3][0-7]{2})/.exec(rest);
    const numbered = /^\\([1-9]\d?)/.exec(rest);
    const found = plain ?? named ?? octal ?? numbered;
    if (plain) parts.push(plain[0]);
    else if (named) parts.push(group(named[1] ?? ''));
    else if (octal) parts.push(String.fromCharCode(Number.parseInt(octal[1] as string, 8)));
    else if (numbered) parts.push(group(numbered[1] as string));
    else {
      const char = rest[1] ?? '';
      const code = char === '' ? undefined : LETTER_ESCAPES.get(char);
      if (char === '') throw ctx.raise('error', 'bad escape (end of pattern)');
      if (code !== undefined) parts.push(String.fromCharCode(code));
      else if (/[a-zA-Z0-9]/.test(char)) throw ctx.raise('error', `bad escape \\${char}`);
      else parts.push(`\\${char}`);
      at += 2;
      continue;
    }
    at += found?.[0].length ?? 1;
  }
  return parts;
}
