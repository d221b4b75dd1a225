import type { Builtin } from '../values.js';
import { isSpace, lower, upper } from '../str.js';
import { method } from './define.js';
import { textOf } from './str-search.js';
import {
  foldCase,
  isAlpha,
  isDecimal,
  isDigit,
  isLower,
  isNumeric,
  isPrintable,
  isTitle,
  isUpper,
  titleCase,
} from './unicode.js';

function mapping(name: string, change: (text: string) => string): Builtin {
  return method(name, '', (ctx, self) => {
    const text = textOf(ctx, self);
    ctx.budget.step(text.length + 1);
    const changed = change(text);
    ctx.budget.charge(changed.length);
    return changed;
  });
}

const isCased = (char: string): boolean => isLower(char) || isUpper(char) || isTitle(char);

/** `text.title()`: letters after a cased letter are lower case. */
function title(text: string): string {
  // The final sigma depends on its context, so the whole word is lowered.
  let result = '';
  let word = '';
  let previous = false;
  const flush = (): void => {
    const [first = '', ...rest] = word;
    result += word === '' ? '' : titleCase(first) + lowerTail(first, rest.join(''));
    word = '';
  };
  for (const char of text) {
    if (!previous) flush();
    word += char;
    previous = isCased(char);
  }
  flush();
  return result;
}

/** The tail in lower case, in its context after `first`. */
function lowerTail(first: string, tail: string): string {
  return lower(first + tail).slice(lower(first).length);
}

function swapCase(text: string): string {
  const lowered = text.includes('Σ') ? undefined : '';
  let result = '';
  let at = 0;
  for (const char of text) {
    if (isUpper(char)) {
      // The whole text decides the form of a sigma at the end of a word.
      result += lowered === undefined && char === 'Σ' ? sigma(text, at) : char.toLowerCase();
    } else result += isLower(char) ? char.toUpperCase() : char;
    at += char.length;
  }
  return result;
}

function sigma(text: string, at: number): string {
  const before = lower(text.slice(0, at)).length;
  return lower(text).slice(before, before + 1);
}

function capitalize(text: string): string {
  const [first = ''] = text;
  return titleCase(first) + lowerTail(first, text.slice(first.length));
}

/** True if the text is not empty and all characters pass. */
function every(name: string, test: (char: string) => boolean): Builtin {
  return method(name, '', (ctx, self) => {
    const text = textOf(ctx, self);
    ctx.budget.step(text.length + 1);
    return text !== '' && [...text].every(test);
  });
}

function cased(name: string, wanted: (char: string) => boolean): Builtin {
  return method(name, '', (ctx, self) => {
    const text = textOf(ctx, self);
    ctx.budget.step(text.length + 1);
    let found = false;
    for (const char of text) {
      if (wanted(char)) found = true;
      else if (isCased(char)) return false;
    }
    return found;
  });
}

function isTitled(text: string): boolean {
  let found = false;
  let previous = false;
  for (const char of text) {
    if (isUpper(char) || isTitle(char)) {
      if (previous) return false;
      found = previous = true;
    } else if (isLower(char)) {
      if (!previous) return false;
      found = previous = true;
    } else previous = false;
  }
  return found;
}

export const CASES: readonly Builtin[] = [
  mapping('lower', lower),
  mapping('upper', upper),
  mapping('title', title),
  mapping('capitalize', capitalize),
  mapping('swapcase', swapCase),
  mapping('casefold', (text) => Array.from(text, foldCase).join('')),
  every('isalpha', isAlpha),
  every('isdecimal', isDecimal),
  every('isdigit', isDigit),
  every('isnumeric', isNumeric),
  every('isalnum', (char) => isAlpha(char) || isNumeric(char) || isDigit(char)),
  every('isspace', (char) => char.length === 1 && isSpace(char.charCodeAt(0))),
  cased('islower', isLower),
  cased('isupper', isUpper),
  method('istitle', '', (ctx, self) => {
    const text = textOf(ctx, self);
    ctx.budget.step(text.length + 1);
    return isTitled(text);
  }),
  method('isascii', '', (ctx, self) => /^[\0-\x7f]*$/.test(textOf(ctx, self))),
  method('isprintable', '', (ctx, self) => {
    const text = textOf(ctx, self);
    ctx.budget.step(text.length + 1);
    return [...text].every(isPrintable);
  }),
  method('isidentifier', '', (ctx, self) => {
    // Python also accepts what is an identifier in NFKC.
    return /^[\p{XID_Start}_]\p{XID_Continue}*$/u.test(textOf(ctx, self));
  }),
];
