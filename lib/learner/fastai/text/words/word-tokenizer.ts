import { isSpace, strip } from '../../../python/str.js';
import type { Piece, RuleTokenizer } from '../spacy/rule-tokenizer.js';
import { WordCache } from '../word-cache.js';
import type { RuledWord, WordRules } from './word-rules.js';

/** Rules can make a text this many times longer: `Ab` becomes `xxmaj ab`. */
const MOST_GROWTH = 8;

/** The tokens of a word of a text, whatever its context. */
export interface Segment extends Piece, Omit<RuledWord, 'text'> {
  /** White space that rules add around the word. */
  readonly before: string;
  readonly after: string;
  /** The ids of the tokens, once known. */
  ids: readonly number[] | undefined;
}

/**
 * Runs rules and tokenizer word by word, so a repeated word costs one cache lookup. It detects what
 * depends on more than a word (repeated words, special cases over several words), and then leaves
 * the text to the rules themselves.
 */
export class WordTokenizer {
  readonly #cache = new WordCache<Segment>();
  readonly #begin: Segment | undefined;
  readonly #end: Segment | undefined;
  readonly #longest: number;
  readonly #make = (word: string): Segment => this.#segment(word);

  constructor(
    private readonly rules: WordRules,
    private readonly tokenizer: RuleTokenizer,
    /** The longest text for the tokenizer, after its rules. */
    maxLength: number,
  ) {
    this.#begin = rules.begin === undefined ? undefined : this.#literal(rules.begin);
    this.#end = rules.end === undefined ? undefined : this.#literal(rules.end);
    this.#longest = maxLength / MOST_GROWTH - 16;
  }

  /** Undefined if only the whole text can be tokenized. */
  read(given: string): Segment[] | undefined {
    const text = this.rules.prepare(given);
    if (text.length > this.#longest || !text.isWellFormed()) return undefined;
    const segments: Segment[] = [];
    if (this.#begin) segments.push(this.#begin);
    let before: Segment | undefined;
    let twice = false;
    let end = 0;
    for (let i = 0; ;) {
      while (i < text.length && isSpace(text.charCodeAt(i))) i++;
      if (i === text.length) break;
      const start = i;
      while (i < text.length && !isSpace(text.charCodeAt(i))) i++;
      const segment = this.#cache.get(text.slice(start, i), this.#make, bytesOf);
      if (before !== undefined) {
        const space = this.#between(before, text, end, start, segment);
        if (space !== undefined && !join(segments, space)) return undefined;
      }
      if (this.rules.findsRepeats) {
        if (segment.repeats) return undefined;
        // A word three times; the third may have a suffix.
        if (twice && segment.head.startsWith(before!.lastWord!)) return undefined;
        twice = before?.lastWord !== undefined && before.lastWord === segment.head;
        if (twice && !segment.lone) return undefined;
      }
      if (!join(segments, segment)) return undefined;
      before = segment;
      end = i;
    }
    if (this.#end !== undefined && (before === undefined || !join(segments, this.#end))) {
      return undefined;
    }
    return segments;
  }

  /** White space between two words beyond the one space that separates them. */
  #between(
    before: Segment,
    text: string,
    start: number,
    end: number,
    after: Segment,
  ): Segment | undefined {
    const single = end - start === 1 && text.charCodeAt(start) === 0x20;
    if (single && (this.rules.joinsSpaces || (before.after === '' && after.before === ''))) {
      return undefined;
    }
    let space = before.after + text.slice(start, end) + after.before;
    if (this.rules.joinsSpaces) space = space.replace(/ {2,}/g, ' ');
    if (space.startsWith(' ')) space = space.slice(1);
    return space === '' ? undefined : this.#cache.get(space, this.#make, bytesOf);
  }

  #segment(word: string): Segment {
    if (isSpace(word.charCodeAt(0))) return this.#literal(word);
    const { text, ...repetition } = this.rules.apply(word);
    const core = strip(text);
    const start = text.indexOf(core);
    return {
      ...this.#literal(core),
      ...repetition,
      before: text.slice(0, start),
      after: text.slice(start + core.length),
    };
  }

  #literal(text: string): Segment {
    return {
      ...this.tokenizer.piece(text),
      before: '',
      after: '',
      head: text,
      lastWord: undefined,
      lone: true,
      repeats: false,
      ids: undefined,
    };
  }
}

/** False if a special case that the last segment begins may continue in the next. */
function join(segments: Segment[], next: Segment): boolean {
  const open = segments.at(-1)?.open;
  if (open !== undefined && open.some((rest) => rest.has(next.first))) {
    return false;
  }
  segments.push(next);
  return true;
}

/** The approximate memory of a segment. */
function bytesOf({ tokens }: Segment): number {
  return tokens.reduce((bytes, token) => bytes + 64 + 2 * token.length, 256);
}
