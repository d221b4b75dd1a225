import { lower, strip, upper } from '../../../python/str.js';
import { TK_MAJ, TK_REP, TK_UP, TK_WREP } from '../special-tokens.js';
import { DecodedTextTooLongError } from '../../errors.js';

/** More than any reasonable text: a few marker tokens could ask for gigabytes. */
const MOST_CHARACTERS = 10_000_000;

const RULES: ReadonlySet<string> = new Set([TK_MAJ, TK_UP, TK_REP, TK_WREP]);

/**
 * fastai's `decode_spec_tokens`, token by token. A repetition does not end with its token:
 * `xxrep 3 a b` gives `aaa bbb`, and a later `xxrep` uses the number of the first, until another
 * marker comes.
 */
export class TokenDecoder {
  #rule: string | undefined;
  #count: number | undefined;
  #length = 0;

  /** The words that this token completes: one, several, or none. @throws DecodedTextTooLongError */
  push(token: string): string[] {
    if (RULES.has(token)) {
      this.#rule = token;
      return [];
    }
    switch (this.#rule) {
      case undefined:
        return this.#made(token);
      case TK_MAJ:
        this.#rule = undefined;
        return this.#made(capitalized(token));
      case TK_UP:
        this.#rule = undefined;
        return this.#made(upper(token));
    }
    if (this.#count === undefined) {
      this.#count = parseInteger(token);
      if (this.#count === undefined) this.#rule = undefined;
      return [];
    }
    const times = Math.max(0, this.#count);
    this.#reserve(times * Math.max(1, token.length));
    return this.#rule === TK_REP ? [token.repeat(times)] : Array<string>(times).fill(token);
  }

  #made(word: string): string[] {
    this.#reserve(word.length);
    return [word];
  }

  #reserve(characters: number): void {
    this.#length += characters;
    if (this.#length > MOST_CHARACTERS) throw new DecodedTextTooLongError(MOST_CHARACTERS);
  }
}

/**
 * fastai's `decode_spec_tokens`: the words of tokens, with the marker tokens (`xxmaj`, `xxup`,
 * `xxrep`, `xxwrep`) applied to the tokens after them.
 *
 * @throws DecodedTextTooLongError if repetitions make it longer than ten million characters.
 * @publicApi
 */
export function decodeSpecTokens(tokens: Iterable<string>): string[] {
  const decoder = new TokenDecoder();
  const words: string[] = [];
  for (const token of tokens) for (const word of decoder.push(token)) words.push(word);
  return words;
}

/** `t[:1].upper() + t[1:].lower()`. */
function capitalized(token: string): string {
  const code = token.codePointAt(0);
  if (code === undefined) return token;
  const first = String.fromCodePoint(code);
  return upper(first) + lower(token.slice(first.length));
}

/** Python's `int(text)`; undefined if it raises. */
function parseInteger(text: string): number | undefined {
  const match = /^([+-]?)(\p{Nd}+(?:_\p{Nd}+)*)$/u.exec(strip(text));
  if (!match) return undefined;
  const digits = [...match[2]!].filter((c) => c !== '_').map(digitOf);
  const value = Number(digits.join(''));
  return match[1] === '-' ? -value : value;
}

/** The value of a decimal digit of any script: digits come in runs of ten, starting with zero. */
function digitOf(digit: string): number {
  const code = digit.codePointAt(0)!;
  let before = 0;
  while (/^\p{Nd}$/u.test(String.fromCodePoint(code - before - 1))) before++;
  return before % 10;
}
