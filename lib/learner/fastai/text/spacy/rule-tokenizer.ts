import type { PythonPattern } from '../../../python/regex/index.js';
import { compareStrings, isSpace } from '../../../python/str.js';
import { WordCache } from '../word-cache.js';
import { SpecialCaseMatcher, type OpenMatches } from './special-case-matcher.js';

/** The parts of a `spacy.tokenizer.Tokenizer`. */
export interface TokenizerRules {
  /** Texts with a fixed split, and the tokens of each. */
  readonly specialCases: ReadonlyMap<string, readonly string[]>;
  readonly prefix?: PythonPattern | undefined;
  readonly suffix?: PythonPattern | undefined;
  readonly infix?: PythonPattern | undefined;
  readonly tokenMatch?: PythonPattern | undefined;
  readonly urlMatch?: PythonPattern | undefined;
}

interface Tokens {
  readonly words: string[];
  /** Whether a space follows the word. */
  readonly spaces: boolean[];
}

/** The tokens of a part of a text, and how they relate to those of the next part. */
export interface Piece {
  readonly tokens: readonly string[];
  /** The first token, by the rules only. */
  readonly first: string;
  /** Special cases that the next part may continue. */
  readonly open: OpenMatches;
}

/**
 * spaCy's tokenizer: it removes affixes and infixes from each chunk, and applies special cases
 * first.
 */
export class RuleTokenizer {
  readonly #specials: ReadonlyMap<string, readonly string[]>;
  #madeMatcher: SpecialCaseMatcher | undefined;
  /** Cached chunks. A chunk's result does not depend on its context. */
  readonly #cache = new WordCache<readonly string[]>();
  readonly #chunk = (chunk: string): readonly string[] =>
    this.#specials.get(chunk) ?? this.#cache.get(chunk, this.#ruled, bytesOf);
  readonly #ruled = (chunk: string): readonly string[] => this.#splitChunk(chunk, true);

  constructor(private readonly rules: TokenizerRules) {
    this.#specials = rules.specialCases;
    // Refuses unsupported expressions now, not at the first text.
    this.#splitChunk('a', false);
  }

  /** Built for the first text: it takes as long as the rest of loading a tokenizer. */
  get #matcher(): SpecialCaseMatcher {
    return (this.#madeMatcher ??= this.#specialsInPieces());
  }

  #specialsInPieces(): SpecialCaseMatcher {
    const { rules } = this;
    const matcher = new SpecialCaseMatcher();
    const specials = [...this.#specials.keys()].sort(compareStrings);
    for (const special of specials) {
      // The rules break up only a special case that they would split.
      if (
        special.includes(' ') ||
        lengthOf(rules.prefix, special) > 0 ||
        lengthOf(rules.suffix, special) > 0 ||
        rules.infix?.search(special)
      ) {
        const { words } = splitSpaces(special, (chunk) => this.#splitChunk(chunk, false));
        matcher.add(words);
      }
    }
    return matcher;
  }

  tokenize(text: string): string[] {
    return this.#applySpecialCases(splitSpaces(text, this.#chunk));
  }

  /**
   * A part of a text between white space, not empty. It has the same tokens within the text, unless
   * {@link Piece.open} says otherwise. Callers cache it, so it is not cached here.
   */
  piece(part: string): Piece {
    const tokens = splitSpaces(part, (chunk) => this.#specials.get(chunk) ?? this.#ruled(chunk));
    return {
      tokens: this.#applySpecialCases(tokens),
      first: tokens.words[0] as string,
      open: this.#matcher.open(tokens.words),
    };
  }

  #splitChunk(chunk: string, withSpecials: boolean): string[] {
    const words: string[] = [];
    const suffixes: string[] = [];
    const rest = this.#splitAffixes(chunk, words, suffixes, withSpecials);
    if (rest) this.#splitRest(rest, words, withSpecials);
    for (let i = suffixes.length - 1; i >= 0; i--) words.push(suffixes[i] as string);
    return words;
  }

  #splitAffixes(
    chunk: string,
    prefixes: string[],
    suffixes: string[],
    withSpecials: boolean,
  ): string {
    const { prefix, suffix, tokenMatch } = this.rules;
    const isSpecial = (text: string): boolean =>
      withSpecials && text.length > 0 && this.#specials.has(text);
    let rest = chunk;
    let lastLength = 0;
    while (rest && rest.length !== lastLength) {
      if (tokenMatch?.matches(rest) || isSpecial(rest)) break;
      lastLength = rest.length;
      const prefixLength = lengthOf(prefix, rest);
      const withoutPrefix = rest.slice(prefixLength);
      if (prefixLength && isSpecial(withoutPrefix)) {
        prefixes.push(rest.slice(0, prefixLength));
        return withoutPrefix;
      }
      const suffixLength = lengthOf(suffix, withoutPrefix);
      const suffixStart = rest.length - suffixLength;
      const withoutSuffix = rest.slice(0, suffixStart);
      if (suffixLength && isSpecial(withoutSuffix)) {
        suffixes.push(rest.slice(suffixStart));
        return withoutSuffix;
      }
      if (prefixLength) prefixes.push(rest.slice(0, prefixLength));
      if (suffixLength) suffixes.push(rest.slice(suffixStart));
      rest = rest.slice(prefixLength, suffixStart);
    }
    return rest;
  }

  /** The rest without affixes: a special case, one whole token, or words around infixes. */
  #splitRest(rest: string, words: string[], withSpecials: boolean): void {
    const { infix, tokenMatch, urlMatch } = this.rules;
    const special = withSpecials ? this.#specials.get(rest) : undefined;
    if (special) {
      words.push(...special);
      return;
    }
    if (tokenMatch?.matches(rest) || urlMatch?.matches(rest)) {
      words.push(rest);
      return;
    }
    let start = 0;
    for (const match of infix?.finditer(rest) ?? []) {
      // A match at the very beginning is not an infix.
      if (match.start === 0) continue;
      if (match.start !== start) words.push(rest.slice(start, match.start));
      if (match.start !== match.end) words.push(rest.slice(match.start, match.end));
      start = match.end;
    }
    if (start < rest.length) words.push(rest.slice(start));
  }

  #applySpecialCases(tokens: Tokens): string[] {
    const { words } = tokens;
    const spans = this.#matcher.find(words);
    if (spans.length === 0) return words;
    const result: string[] = [];
    let done = 0;
    for (const { start, end } of spans) {
      for (; done < start; done++) result.push(words[done] as string);
      // Tokens with a space between them spell another text, which is rarely a special case.
      const special = this.#specials.get(spanText(tokens, start, end));
      result.push(...(special ?? words.slice(start, end)));
      done = end;
    }
    for (; done < words.length; done++) result.push(words[done] as string);
    return result;
  }
}

/**
 * Runs of white space and of other characters; a single space between two others only separates
 * them.
 */
function splitSpaces(text: string, split: (chunk: string) => readonly string[]): Tokens {
  const tokens: Tokens = { words: [], spaces: [] };
  const { words, spaces } = tokens;
  if (text.length === 0) return tokens;
  const emit = (chunk: string): void => {
    for (const word of split(chunk)) {
      words.push(word);
      spaces.push(false);
    }
  };
  let start = 0;
  let inSpace = isSpace(text.charCodeAt(0));
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (isSpace(code) === inSpace) continue;
    if (start < i) emit(text.slice(start, i));
    if (code === 0x20) {
      spaces[spaces.length - 1] = true;
      start = i + 1;
    } else {
      start = i;
    }
    inSpace = !inSpace;
  }
  if (start < text.length) emit(text.slice(start));
  return tokens;
}

function bytesOf(words: readonly string[]): number {
  return words.reduce((bytes, word) => bytes + 64 + 2 * word.length, 128);
}

/** The length of the first match, wherever it is: spaCy assumes anchored patterns. */
function lengthOf(pattern: PythonPattern | undefined, text: string): number {
  const match = pattern?.search(text);
  return match ? match.end - match.start : 0;
}

function spanText({ words, spaces }: Tokens, start: number, end: number): string {
  let text = '';
  for (let i = start; i < end; i++) {
    text += words[i];
    if (spaces[i] && i < end - 1) text += ' ';
  }
  return text;
}
