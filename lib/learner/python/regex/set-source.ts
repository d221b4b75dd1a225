import { WHITESPACE_CLASS } from '../str.js';
import type { Category, CharSet, Range } from './ast.js';
import { caseVariants } from './case-variants.js';
import { RegexFlag } from './flags.js';

/** Negated categories are spelled out: JavaScript cannot nest classes under the `u` flag. */
const UNICODE_CATEGORIES = {
  d: '\\p{Nd}',
  D: '\\P{Nd}',
  w: '\\p{L}\\p{N}_',
  // All other categories, including connectors except the underscore.
  W:
    '\\p{M}\\p{Z}\\p{C}\\p{S}\\p{Pd}\\p{Ps}\\p{Pe}\\p{Pi}\\p{Pf}\\p{Po}' +
    '\\u{203f}\\u{2040}\\u{2054}\\u{fe33}\\u{fe34}\\u{fe4d}-\\u{fe4f}\\u{ff3f}',
  s: WHITESPACE_CLASS,
  S:
    '\\u{0}-\\u{8}\\u{e}-\\u{1b}\\u{21}-\\u{84}\\u{86}-\\u{9f}\\u{a1}-\\u{167f}\\u{1681}-\\u{1fff}' +
    '\\u{200b}-\\u{2027}\\u{202a}-\\u{202e}\\u{2030}-\\u{205e}\\u{2060}-\\u{2fff}\\u{3001}-\\u{10ffff}',
};
const ASCII_CATEGORIES = {
  d: '0-9',
  D: '\\u{0}-\\u{2f}\\u{3a}-\\u{10ffff}',
  w: '0-9A-Z_a-z',
  W: '\\u{0}-\\u{2f}\\u{3a}-\\u{40}\\u{5b}-\\u{5e}\\u{60}\\u{7b}-\\u{10ffff}',
  s: '\\u{9}-\\u{d}\\u{20}',
  S: '\\u{0}-\\u{8}\\u{e}-\\u{1f}\\u{21}-\\u{10ffff}',
};

/** The word characters as a class: `[...]`. */
export function wordClass(flags: number): string {
  return `[${categories(flags).w}]`;
}

/** Sources of the larger sets; a pattern may repeat a set hundreds of times. */
const known = new WeakMap<CharSet, string>();
/** Writing a smaller set is as fast as looking it up. */
const WORTH_KEEPING = 8;

/** A character set as JavaScript writes it under the `u` flag. */
export function setSource(set: CharSet): string {
  if (set.items.length === 0) return set.negated ? '[^]' : '[]';
  if (set.items.length < WORTH_KEEPING) return emitSet(set);
  let source = known.get(set);
  if (source === undefined) known.set(set, (source = emitSet(set)));
  return source;
}

function emitSet(set: CharSet): string {
  const { items, negated, flags } = set;
  const variants = addedVariants(set);
  let source = '';
  for (const item of items) if (item.kind === 'range') source += rangeSource(item);
  const [first] = items;
  const isOne = items.length === 1 && first?.kind === 'range' && first.low === first.high;
  if (isOne && variants.size === 0 && !negated) return source;
  for (const code of variants) source += character(code);
  for (const item of items) if (item.kind === 'category') source += category(item, flags);
  return negated ? `[^${source}]` : `[${source}]`;
}

function rangeSource({ low, high }: Range): string {
  return low === high ? character(low) : `${character(low)}-${character(high)}`;
}

function categories(flags: number): typeof UNICODE_CATEGORIES {
  return flags & RegexFlag.ASCII ? ASCII_CATEGORIES : UNICODE_CATEGORIES;
}

function category({ name, negated }: Category, flags: number): string {
  const source = categories(flags);
  return negated ? source[name.toUpperCase() as 'D' | 'W' | 'S'] : source[name];
}

function character(code: number): string {
  const plain =
    (code >= 0x61 && code <= 0x7a) ||
    (code >= 0x41 && code <= 0x5a) ||
    (code >= 0x30 && code <= 0x39) ||
    code === 0x5f;
  return plain ? String.fromCharCode(code) : `\\u{${code.toString(16)}}`;
}

/** Wider ranges are searched by cased character, not character by character. */
const NARROW = 64;

/** Characters outside a set's ranges that equal a character in them under IGNORECASE. */
function addedVariants({ items, flags }: CharSet): ReadonlySet<number> {
  const added = new Set<number>();
  if (!(flags & RegexFlag.IGNORECASE)) return added;
  const variants = caseVariants((flags & RegexFlag.ASCII) !== 0);
  const add = (code: number, low: number, high: number): void => {
    for (const other of variants.get(code) ?? []) if (other < low || other > high) added.add(other);
  };
  for (const item of items) {
    if (item.kind !== 'range') continue;
    const { low, high } = item;
    if (high - low < NARROW) for (let code = low; code <= high; code++) add(code, low, high);
    else for (const code of variants.keys()) if (code >= low && code <= high) add(code, low, high);
  }
  return added;
}
