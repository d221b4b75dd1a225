import { PythonPattern } from '../../../python-regex/index.js';
import { codePointLength, splitWhitespace } from '../../../python-str/index.js';
import { TK_REP, TK_WREP } from '../special-tokens.js';

const REPEATED_CHARACTER = new PythonPattern('(\\S)(\\1{2,})');
const REPEATED_WORD = new PythonPattern('(?:\\s|^)(\\w+)\\s+((?:\\1\\s+)+)\\1(\\s|\\W|$)');

/** `replace_rep`: `cccc` becomes ` xxrep 4 c `. @internal */
export function replaceRep(text: string): string {
  return REPEATED_CHARACTER.sub(
    ({ groups: [, char = '', rest = ''] }) => ` ${TK_REP} ${codePointLength(rest) + 1} ${char} `,
    text,
  );
}

/** `replace_wrep`: `so so so` becomes ` xxwrep 3 so `. @internal */
export function replaceWrep(text: string): string {
  return REPEATED_WORD.sub(
    ({ groups: [, word = '', rest = '', end = ''] }) =>
      ` ${TK_WREP} ${splitWhitespace(rest).length + 2} ${word} ${end}`,
    text,
  );
}
