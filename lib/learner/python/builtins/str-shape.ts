import type { Context } from '../context.js';
import { codePointLength, isSpace } from '../str.js';
import { Dict, type Builtin, type Value } from '../values.js';
import { method } from './define.js';
import { textOf } from './str-search.js';
import { strFormat, strFormatMap } from './str-format.js';
import { encode } from './codecs.js';
import { asDict, asInt, asStr } from './unwrap.js';

function padding(
  name: 'center' | 'ljust' | 'rjust',
  split: (missing: number, width: number) => number,
): Builtin {
  return method(name, 'width, fillchar=', (ctx, self, given) => {
    const text = textOf(ctx, self);
    const width = given.count('width');
    const fill = given.str('fillchar', ' ');
    if (codePointLength(fill) !== 1) {
      throw ctx.raise('TypeError', 'The fill character must be exactly one character long');
    }
    const missing = width - codePointLength(text);
    if (missing <= 0) return text;
    ctx.budget.charge(width);
    const left = split(missing, width);
    return fill.repeat(left) + text + fill.repeat(missing - left);
  });
}

function stripper(name: 'strip' | 'lstrip' | 'rstrip'): Builtin {
  return method(name, 'chars=', (ctx, self, given) => {
    const text = textOf(ctx, self);
    const chars = given.get('chars') === null ? undefined : new Set(given.str('chars'));
    ctx.budget.step(text.length + 1);
    const gone = (char: string): boolean =>
      chars ? chars.has(char) : char.length === 1 && isSpace(char.charCodeAt(0));
    const all = [...text];
    let start = 0;
    let end = all.length;
    if (name !== 'rstrip') while (start < end && gone(all[start] as string)) start++;
    if (name !== 'lstrip') while (end > start && gone(all[end - 1] as string)) end--;
    return all.slice(start, end).join('');
  });
}

function expandTabs(ctx: Context, text: string, size: number): string {
  let result = '';
  let column = 0;
  for (const char of text) {
    if (char === '\t') {
      const count = size > 0 ? size - (column % size) : 0;
      ctx.budget.charge(count);
      result += ' '.repeat(count);
      column += count;
    } else {
      result += char;
      column = char === '\n' || char === '\r' ? 0 : column + 1;
    }
  }
  return result;
}

/** `text.translate(table)`: by code point to a code point, a text or None. */
function translate(ctx: Context, text: string, table: Value): string {
  const dict = asDict(table);
  let result = '';
  for (const char of text) {
    ctx.budget.step();
    const code = BigInt(char.codePointAt(0) as number);
    let by: Value | undefined;
    if (dict) {
      by = dict.entries.get(ctx.keyOf(code))?.[1];
      if (by === undefined && dict.factory !== undefined) by = ctx.getItem(table, code);
    } else if (asStr(table) !== undefined) {
      const chars = [...(asStr(table) as string)];
      by = chars[Number(code)];
    } else
      throw ctx.unsupported('str.translate() with a table that is not a dict is not supported');
    if (by === undefined) result += char;
    else if (by !== null) {
      const added = translated(ctx, by);
      ctx.budget.charge(added.length);
      result += added;
    }
  }
  ctx.budget.charge(text.length);
  return result;
}

function translated(ctx: Context, by: Value): string {
  const code = asInt(by);
  if (code !== undefined) {
    if (code >= 0n && code < 0x110000n) return String.fromCodePoint(Number(code));
    throw ctx.raise('ValueError', 'character mapping must be in range(0x110000)');
  }
  const text = asStr(by);
  if (text === undefined) {
    throw ctx.raise('TypeError', 'character mapping must return integer, None or str');
  }
  return text;
}

/** `str.maketrans(x, y, z)`; a static method. */
export function makeTranslation(ctx: Context, args: readonly Value[]): Dict {
  const [first, second, third] = args;
  const table = new Dict();
  const put = (code: bigint, value: Value): void => {
    ctx.budget.charge(1);
    table.entries.set(ctx.keyOf(code), [code, value]);
  };
  if (args.length === 1) {
    const dict = asDict(first);
    if (!dict) {
      throw ctx.raise('TypeError', 'if you give only one argument to maketrans it must be a dict');
    }
    for (const [key, value] of dict.entries.values()) {
      const text = asStr(key);
      if (text !== undefined && codePointLength(text) !== 1) {
        throw ctx.raise('ValueError', 'string keys in translate table must be of length 1');
      }
      put(text === undefined ? ctx.index(key) : BigInt(text.codePointAt(0) as number), value);
    }
    return table;
  }
  const from = asStr(first);
  const to = asStr(second);
  if (from === undefined || to === undefined) {
    throw ctx.raise('TypeError', 'maketrans() arguments must be str');
  }
  const targets = [...to];
  if (codePointLength(from) !== targets.length) {
    throw ctx.raise('ValueError', 'the first two maketrans arguments must have equal length');
  }
  [...from].forEach((char, at) => {
    put(BigInt(char.codePointAt(0) as number), BigInt(targets[at]?.codePointAt(0) ?? 0));
  });
  if (third !== undefined) {
    for (const char of textOf(ctx, third)) put(BigInt(char.codePointAt(0) as number), null);
  }
  return table;
}

export const SHAPES: readonly Builtin[] = [
  stripper('strip'),
  stripper('lstrip'),
  stripper('rstrip'),
  // An odd space goes to the left if the width is also odd.
  padding('center', (missing, width) => Math.floor(missing / 2) + (missing & width & 1)),
  padding('ljust', () => 0),
  padding('rjust', (missing) => missing),
  method('zfill', 'width', (ctx, self, given) => {
    const text = textOf(ctx, self);
    const missing = given.count('width') - codePointLength(text);
    if (missing <= 0) return text;
    ctx.budget.charge(missing + text.length);
    const sign = /^[+-]/.exec(text)?.[0] ?? '';
    return sign + '0'.repeat(missing) + text.slice(sign.length);
  }),
  method('expandtabs', 'tabsize=', (ctx, self, given) =>
    expandTabs(ctx, textOf(ctx, self), given.count('tabsize', 8)),
  ),
  method('removeprefix', 'prefix', (ctx, self, given) => {
    const text = textOf(ctx, self);
    const prefix = given.str('prefix');
    return text.startsWith(prefix) ? text.slice(prefix.length) : text;
  }),
  method('removesuffix', 'suffix', (ctx, self, given) => {
    const text = textOf(ctx, self);
    const suffix = given.str('suffix');
    return suffix !== '' && text.endsWith(suffix) ? text.slice(0, -suffix.length) : text;
  }),
  method('translate', 'table', (ctx, self, given) =>
    translate(ctx, textOf(ctx, self), given.get('table')),
  ),
  method('format', '*args, **', (ctx, self, given) =>
    strFormat(ctx, textOf(ctx, self), given.rest, given.kwargs),
  ),
  method('format_map', 'mapping', (ctx, self, given) =>
    strFormatMap(ctx, textOf(ctx, self), given.get('mapping')),
  ),
  method('encode', 'encoding=, errors=', (ctx, self, given) =>
    encode(ctx, textOf(ctx, self), given.str('encoding', 'utf-8'), given.str('errors', 'strict')),
  ),
  method('__len__', '', (ctx, self) => BigInt(codePointLength(textOf(ctx, self)))),
  method('__contains__', 'item', (ctx, self, given) =>
    textOf(ctx, self).includes(given.str('item')),
  ),
];
