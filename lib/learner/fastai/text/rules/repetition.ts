import { PythonPattern } from '../../../python/regex/index.js';
import { codePointLength, isSpace, splitWhitespace } from '../../../python/str.js';
import { TK_REP, TK_WREP } from '../special-tokens.js';

const REPEATED_CHARACTER = new PythonPattern('(\\S)(\\1{2,})');
const REPEATED_WORD = new PythonPattern('(?:\\s|^)(\\w+)\\s+((?:\\1\\s+)+)\\1(\\s|\\W|$)');

/** `replace_rep`: `cccc` becomes ` xxrep 4 c `. */
export function replaceRep(text: string): string {
  if (!mayRepeatCharacter(text)) return text;
  return REPEATED_CHARACTER.sub(
    ({ groups: [, char = '', rest = ''] }) => ` ${TK_REP} ${codePointLength(rest) + 1} ${char} `,
    text,
  );
}

/** `replace_wrep`: `so so so` becomes ` xxwrep 3 so `. */
export function replaceWrep(text: string): string {
  if (!mayRepeatWord(text)) return text;
  return REPEATED_WORD.sub(
    ({ groups: [, word = '', rest = '', end = ''] }) =>
      ` ${TK_WREP} ${splitWhitespace(rest).length + 2} ${word} ${end}`,
    text,
  );
}

// Few texts repeat anything, and backreferences take most of the time of tokenization: the checks
// below are necessary conditions, decided in one pass.

/** Three equal code units in a row; a character of two units may always repeat. */
function mayRepeatCharacter(text: string): boolean {
  let previous = -1;
  let count = 0;
  for (let i = 0; i < text.length; i++) {
    const unit = text.charCodeAt(i);
    if (unit >= 0xd800 && unit <= 0xdfff) return true;
    count = unit === previous ? count + 1 : 1;
    if (count === 3) return true;
    previous = unit;
  }
  return false;
}

/** Two equal runs of non-space in a row: the first two words, followed by white space. */
function mayRepeatWord(text: string): boolean {
  let previousStart = 0;
  let previousLength = 0;
  for (let i = 0; i < text.length;) {
    while (i < text.length && isSpace(text.charCodeAt(i))) i++;
    const start = i;
    while (i < text.length && !isSpace(text.charCodeAt(i))) i++;
    const length = i - start;
    if (length > 0 && length === previousLength && sameUnits(text, previousStart, start, length)) {
      return true;
    }
    previousStart = start;
    previousLength = length;
  }
  return false;
}

function sameUnits(text: string, first: number, second: number, length: number): boolean {
  for (let i = 0; i < length; i++) {
    if (text.charCodeAt(first + i) !== text.charCodeAt(second + i)) return false;
  }
  return true;
}
