import { fn } from '../builtins/define.js';
import { namesOf } from './module-names.js';

const LOWER = 'abcdefghijklmnopqrstuvwxyz';
const UPPER = LOWER.toUpperCase();
const DIGITS = '0123456789';
const PUNCTUATION = '!"#$%&\'()*+,-./:;<=>?@[\\]^_`{|}~';
const WHITESPACE = ' \t\n\r\v\f';

export const STRING = namesOf(
  [
    fn('capwords', 's, sep=', (ctx, given) => {
      const sep = given.get('sep');
      const parts = ctx.call(ctx.getAttr(given.str('s'), 'split'), sep === null ? [] : [sep]);
      const words = Array.from(ctx.iterate(parts), (part) =>
        ctx.call(ctx.getAttr(part, 'capitalize'), []),
      );
      return words.map(String).join(sep === null ? ' ' : given.str('sep'));
    }),
  ],
  {
    ascii_lowercase: LOWER,
    ascii_uppercase: UPPER,
    ascii_letters: LOWER + UPPER,
    digits: DIGITS,
    hexdigits: `${DIGITS}abcdefABCDEF`,
    octdigits: '01234567',
    punctuation: PUNCTUATION,
    whitespace: WHITESPACE,
    printable: DIGITS + LOWER + UPPER + PUNCTUATION + WHITESPACE,
  },
);
