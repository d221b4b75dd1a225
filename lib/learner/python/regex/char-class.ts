import type { Category, CharSet, Range } from './ast.js';
import { plainEscape, readCommonEscape } from './escapes.js';
import type { PatternReader } from './pattern-reader.js';

/** Reading a shorter class is as fast as looking it up. */
const WORTH_KEEPING = 64;
/** The number of characters that identify candidate classes. */
const KEY_LENGTH = 24;

/**
 * Reads character classes; equal classes become one object. spaCy's patterns repeat classes of a
 * thousand ranges, the French ones hundreds of times.
 */
export class CharClassReader {
  readonly #known = new Map<string, [text: string, set: CharSet][]>();

  /** Reads a class after its `[`. */
  read(reader: PatternReader, flags: number): CharSet {
    const start = reader.position;
    const key = reader.pattern.slice(start, start + KEY_LENGTH);
    for (const [text, set] of this.#known.get(key) ?? []) {
      if (set.flags === flags && reader.accept(text)) return set;
    }
    const set = readCharClass(reader, flags);
    const text = reader.pattern.slice(start, reader.position);
    if (text.length >= WORTH_KEEPING) {
      const known = this.#known.get(key) ?? [];
      known.push([text, set]);
      this.#known.set(key, known);
    }
    return set;
  }
}

function readCharClass(reader: PatternReader, flags: number): CharSet {
  const items: (Category | Range)[] = [];
  const negated = reader.accept('^');
  for (;;) {
    if (reader.atEnd) throw reader.error('unterminated character set');
    // The first "]" is a literal.
    if (items.length > 0 && reader.accept(']')) break;
    const low = member(reader);
    if (!reader.accept('-')) {
      items.push(single(low));
      continue;
    }
    if (reader.atEnd) throw reader.error('unterminated character set');
    if (reader.accept(']')) {
      items.push(single(low), single(0x2d));
      break;
    }
    const high = member(reader);
    if (typeof low !== 'number' || typeof high !== 'number' || high < low) {
      throw reader.error('bad character range');
    }
    items.push({ kind: 'range', low, high });
  }
  return { kind: 'set', items, negated, flags };
}

function single(item: number | Category): Category | Range {
  return typeof item === 'number' ? { kind: 'range', low: item, high: item } : item;
}

function member(reader: PatternReader): number | Category {
  const char = reader.next();
  if (char !== '\\') return char.codePointAt(0)!;
  if (reader.atEnd) throw reader.error('unterminated character set');
  const letter = reader.next();
  if (/^[0-7]$/.test(letter)) {
    const code = Number.parseInt(letter + reader.takeWhile(/[0-7]/, 2), 8);
    if (code > 0o377) throw reader.error('octal escape value outside of range 0-0o377');
    return code;
  }
  return readCommonEscape(reader, letter) ?? plainEscape(reader, letter);
}
