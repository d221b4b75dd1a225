// Character properties of Python that JavaScript lacks. JavaScript's Unicode may be newer than that
// of the Python that made the file: then it knows letters that Python did not.

function ranges(text: string): ReadonlySet<number> {
  const found = new Set<number>();
  for (const range of text.split(' ')) {
    const [low = '', high = low] = range.split('-');
    for (let code = Number.parseInt(low, 16); code <= Number.parseInt(high, 16); code++) {
      found.add(code);
    }
  }
  return found;
}

/** Digits that are not decimal digits: superscripts, circled digits... */
const DIGITS = ranges(
  'b2-b3 b9 1369-1371 19da 2070 2074-2079 2080-2089 2460-2468 2474-247c 2488-2490 24ea 24f5-24fd 24ff ' +
    '2776-277e 2780-2788 278a-2792 10a40-10a43 10e60-10e68 11052-1105a 1f100-1f10a',
);

/** Letters with a numeric value. */
const NUMERIC_LETTERS = ranges(
  '3405 3483 382a 3b4d 4e00 4e03 4e07 4e09 4e5d 4e8c 4e94 4e96 4ebf-4ec0 4edf 4ee8 4f0d 4f70 5104 5146 5169 ' +
    '516b 516d 5341 5343-5345 534c 53c1-53c4 56db 58f1 58f9 5e7a 5efe-5eff 5f0c-5f0e 5f10 62fe 634c 67d2 6f06 ' +
    '7396 767e 8086 842c 8cae 8cb3 8d30 9621 9646 964c 9678 96f6 f96b f973 f978 f9b2 f9d1 f9d3 f9fd 20001 20064 ' +
    '200e2 20121 2092a 20983 2098c 2099c 20aea 20afd 20b19 22390 22998 23b1b 2626d 2f890',
);

const code = (char: string): number => char.codePointAt(0) as number;

/** Each tests one character. */
export const isAlpha = (char: string): boolean => /^\p{L}$/u.test(char);
export const isDecimal = (char: string): boolean => /^\p{Nd}$/u.test(char);
export const isDigit = (char: string): boolean => isDecimal(char) || DIGITS.has(code(char));
export const isNumeric = (char: string): boolean =>
  /^\p{N}$/u.test(char) || NUMERIC_LETTERS.has(code(char));
export const isLower = (char: string): boolean => /^\p{Lowercase}$/u.test(char);
export const isUpper = (char: string): boolean => /^\p{Uppercase}$/u.test(char);
export const isTitle = (char: string): boolean => /^\p{Lt}$/u.test(char);
export const isPrintable = (char: string): boolean => /^(?: |[^\p{C}\p{Z}])$/u.test(char);

/** The value of a decimal digit of any script. */
export function decimalValue(char: string): string | undefined {
  if (!isDecimal(char)) return undefined;
  // Decimal digits come in runs from zero to nine; mathematical digits in several consecutive runs.
  const last = code(char);
  if (last >= 0x1d7ce && last <= 0x1d7ff) return String((last - 0x1d7ce) % 10);
  let zero = last;
  while (last - zero < 9 && isDecimal(String.fromCodePoint(zero - 1))) zero--;
  return String(last - zero);
}

/** `char.casefold()`: the lower case of the upper case, except in some scripts. */
export function foldCase(char: string): string {
  const point = code(char);
  if (point === 0x131 || (point >= 0x13a0 && point <= 0x13f5)) return char;
  if (point >= 0x13f8 && point <= 0x13fd) return String.fromCodePoint(point - 8);
  if (point >= 0xab70 && point <= 0xabbf) return String.fromCodePoint(point - 0xab70 + 0x13a0);
  return char.toLowerCase().toUpperCase().toLowerCase();
}

/** Ligatures of two letters: upper, title, lower. */
const DIGRAPHS = [0x1c4, 0x1c7, 0x1ca, 0x1f1];

/** `char.title()`. */
export function titleCase(char: string): string {
  const point = code(char);
  const digraph = DIGRAPHS.find((first) => point >= first && point < first + 3);
  if (digraph !== undefined) return String.fromCodePoint(digraph + 1);
  if ((point >= 0x10d0 && point <= 0x10fa) || (point >= 0x10fd && point <= 0x10ff)) return char;
  if (point >= 0x1f80 && point <= 0x1faf) return String.fromCodePoint(point | 8);
  const upper = char.toUpperCase();
  if (isTitle(char)) return char;
  if (point === 0x1fb3 || point === 0x1fc3 || point === 0x1ff3) {
    return String.fromCodePoint(point + 9);
  }
  if (point === 0x149) return upper;
  if (point >= 0x1fb2 && point <= 0x1ff7 && upper.endsWith('\u0399')) {
    return `${upper.slice(0, -1)}\u0345`;
  }
  const [first = '', ...rest] = upper;
  return first + rest.join('').toLowerCase();
}
