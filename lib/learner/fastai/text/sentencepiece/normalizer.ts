import { SentencePieceModelError } from '../../errors.js';
import type { ByteTrie } from './byte-trie.js';
import { Charsmap } from './charsmap.js';
import type { SentencePieceModel } from './model-file.js';
import { characterLength, isSpaceSymbol, SPACE_SYMBOL } from './utf8.js';

const SPACE = 0x20;
const ONE_SPACE = Uint8Array.of(SPACE);
const REPLACEMENT = Uint8Array.of(0xef, 0xbf, 0xbd);
/** A file's rules may make a text arbitrarily long. NFKC makes it at most eleven times as long. */
const MOST_BYTES = 64 * 2 ** 20;

/**
 * The normalization of a model file: rules by longest match, user-defined symbols unchanged, spaces
 * at the ends and between words.
 */
export class Normalizer {
  readonly #rules: Charsmap | undefined;
  readonly #space: Uint8Array;

  constructor(
    private readonly model: SentencePieceModel,
    /** User-defined symbols, which rules do not change. */
    private readonly symbols: ByteTrie,
  ) {
    this.#rules = model.charsmap.length > 0 ? new Charsmap(model.charsmap) : undefined;
    this.#space = model.escapeWhitespaces ? SPACE_SYMBOL : ONE_SPACE;
  }

  normalize(text: Uint8Array): Uint8Array {
    const { addDummyPrefix, removeExtraWhitespaces, spaceAsSuffix } = this.model;
    const prefix = new Prefix(text, this.symbols, this.#rules);
    const out = new Output(text.length * 3 + 6);
    let at = 0;
    while (removeExtraWhitespaces && at < text.length) {
      prefix.read(at);
      if (prefix.end - prefix.start !== 1 || prefix.source[prefix.start] !== SPACE) break;
      at += prefix.length;
    }
    if (at === text.length) return new Uint8Array();

    if (!spaceAsSuffix && addDummyPrefix) out.write(this.#space);
    let afterSpace = removeExtraWhitespaces;
    while (at < text.length) {
      prefix.read(at);
      const { source, end } = prefix;
      let { start } = prefix;
      while (afterSpace && start < end && source[start] === SPACE) start++;
      for (let i = start; i < end; i++) {
        if (source[i] === SPACE) out.write(this.#space);
        else out.writeByte(source[i]!);
      }
      if (start < end) afterSpace = removeExtraWhitespaces && source[end - 1] === SPACE;
      at += prefix.length;
    }
    if (removeExtraWhitespaces) out.trimEnd(this.#space);
    if (spaceAsSuffix && addDummyPrefix) out.write(this.#space);
    return out.bytes();
  }
}

/** The replacement of a text from an offset, up to the next replacement. */
class Prefix {
  /** The replacement is `source[start..end]`, for `length` bytes of the text. */
  source: Uint8Array;
  start = 0;
  end = 0;
  length = 0;

  constructor(
    private readonly text: Uint8Array,
    private readonly symbols: ByteTrie,
    private readonly rules: Charsmap | undefined,
  ) {
    this.source = text;
  }

  read(at: number): void {
    const symbol = this.symbols.longest(this.text, at);
    if (symbol > 0) return this.#is(this.text, at, at + symbol, symbol);
    const { rules } = this;
    if (rules?.match(this.text, at)) {
      return this.#is(rules.replacements, rules.start, rules.end, rules.length);
    }
    const length = wholeCharacter(this.text, at);
    if (length > 0) return this.#is(this.text, at, at + length, length);
    this.#is(REPLACEMENT, 0, REPLACEMENT.length, 1);
  }

  #is(source: Uint8Array, start: number, end: number, length: number): void {
    this.source = source;
    this.start = start;
    this.end = end;
    this.length = length;
  }
}

/** 0 if a rule or symbol of the file ended within a character, so the text continues there. */
function wholeCharacter(bytes: Uint8Array, at: number): number {
  const first = bytes[at]!;
  return first >= 0x80 && first < 0xc0 ? 0 : characterLength(bytes, at);
}

class Output {
  #bytes: Uint8Array;
  #length = 0;

  constructor(size: number) {
    this.#bytes = new Uint8Array(size);
  }

  write(bytes: Uint8Array): void {
    for (const byte of bytes) this.writeByte(byte);
  }

  writeByte(byte: number): void {
    if (this.#length === this.#bytes.length) {
      if (this.#length >= MOST_BYTES) {
        throw new SentencePieceModelError(`makes a text longer than ${MOST_BYTES} bytes`);
      }
      const larger = new Uint8Array(Math.min(MOST_BYTES, this.#length * 2));
      larger.set(this.#bytes);
      this.#bytes = larger;
    }
    this.#bytes[this.#length++] = byte;
  }

  trimEnd(space: Uint8Array): void {
    const isSpace = (at: number): boolean =>
      space.length === 1 ? this.#bytes[at] === SPACE : isSpaceSymbol(this.#bytes, at);
    while (this.#length >= space.length && isSpace(this.#length - space.length)) {
      this.#length -= space.length;
    }
  }

  bytes(): Uint8Array {
    return this.#bytes.subarray(0, this.#length);
  }
}
