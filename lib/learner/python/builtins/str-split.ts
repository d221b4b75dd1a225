import { List, Tuple, type Builtin, type Value } from '../values.js';
import type { Context } from '../context.js';
import { isSpace, splitWhitespace } from '../str.js';
import { method } from './define.js';
import { textOf } from './str-search.js';

function listOf(ctx: Context, parts: readonly string[]): List {
  ctx.budget.charge(parts.length);
  return new List([...parts]);
}

/** `text.split(maxsplit=most)` at white space, from the left. */
function words(text: string, most: number): string[] {
  if (most < 0) return splitWhitespace(text);
  const found: string[] = [];
  let at = 0;
  for (;;) {
    while (at < text.length && isSpace(text.charCodeAt(at))) at++;
    if (at >= text.length) return found;
    if (found.length >= most) {
      found.push(text.slice(at));
      return found;
    }
    const start = at;
    while (at < text.length && !isSpace(text.charCodeAt(at))) at++;
    found.push(text.slice(start, at));
  }
}

/** Like the above, from the right. */
function wordsFromRight(text: string, most: number): string[] {
  if (most < 0) return splitWhitespace(text);
  const found: string[] = [];
  let at = text.length;
  for (;;) {
    while (at > 0 && isSpace(text.charCodeAt(at - 1))) at--;
    if (at === 0) return found.reverse();
    if (found.length >= most) {
      found.push(text.slice(0, at));
      return found.reverse();
    }
    const end = at;
    while (at > 0 && !isSpace(text.charCodeAt(at - 1))) at--;
    found.push(text.slice(at, end));
  }
}

function splitter(name: 'split' | 'rsplit'): Builtin {
  return method(name, 'sep=, maxsplit=', (ctx, self, given) => {
    const text = textOf(ctx, self);
    const most = given.count('maxsplit', -1);
    ctx.budget.step(text.length + 1);
    if (given.get('sep') === null) {
      return listOf(ctx, name === 'split' ? words(text, most) : wordsFromRight(text, most));
    }
    const separator = given.str('sep');
    if (separator === '') throw ctx.raise('ValueError', 'empty separator');
    if (name === 'rsplit') {
      return listOf(ctx, fromRight(text, separator, most < 0 ? text.length : most));
    }
    const parts = text.split(separator);
    if (most < 0 || parts.length - 1 <= most) return listOf(ctx, parts);
    return listOf(ctx, [...parts.slice(0, most), parts.slice(most).join(separator)]);
  });
}

function fromRight(text: string, separator: string, most: number): string[] {
  const found: string[] = [];
  let end = text.length;
  while (found.length < most) {
    const at = end < separator.length ? -1 : text.lastIndexOf(separator, end - separator.length);
    if (at < 0) break;
    found.push(text.slice(at + separator.length, end));
    end = at;
  }
  found.push(text.slice(0, end));
  return found.reverse();
}

function partition(name: 'partition' | 'rpartition'): Builtin {
  return method(name, 'sep', (ctx, self, given) => {
    const text = textOf(ctx, self);
    const separator = given.str('sep');
    ctx.budget.step(text.length + 1);
    if (separator === '') throw ctx.raise('ValueError', 'empty separator');
    const at = name === 'partition' ? text.indexOf(separator) : text.lastIndexOf(separator);
    if (at < 0) return new Tuple(name === 'partition' ? [text, '', ''] : ['', '', text]);
    return new Tuple([text.slice(0, at), separator, text.slice(at + separator.length)]);
  });
}

/** Where `splitlines` splits; `\r\n` is one line break. */
const LINE_END = new RegExp(
  `\r\n|[\n-\r${String.fromCharCode(0x1c)}-${String.fromCharCode(0x1e)}\x85\u2028\u2029]`,
  'g',
);

export const SPLITS: readonly Builtin[] = [
  splitter('split'),
  splitter('rsplit'),
  partition('partition'),
  partition('rpartition'),
  method('splitlines', 'keepends=', (ctx, self, given) => {
    const text = textOf(ctx, self);
    const keeps = given.truth('keepends', false);
    ctx.budget.step(text.length + 1);
    const lines: string[] = [];
    let start = 0;
    for (const { 0: end, index } of text.matchAll(LINE_END)) {
      lines.push(text.slice(start, keeps ? index + end.length : index));
      start = index + end.length;
    }
    if (start < text.length) lines.push(text.slice(start));
    return listOf(ctx, lines);
  }),
  method('join', 'iterable', (ctx, self, given) => {
    const separator = textOf(ctx, self);
    const parts: string[] = [];
    for (const item of ctx.iterate(given.get('iterable')))
      parts.push(joined(ctx, item, parts.length));
    const text = parts.join(separator);
    ctx.budget.charge(text.length);
    return text;
  }),
];

function joined(ctx: Context, item: Value, index: number): string {
  if (typeof item === 'string') return item;
  try {
    return textOf(ctx, item);
  } catch {
    throw ctx.raise(
      'TypeError',
      `sequence item ${index}: expected str instance, ${ctx.typeOf(item).name} found`,
    );
  }
}
