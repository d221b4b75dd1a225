import { LETTER_ESCAPES } from '../str.js';
import type { Category } from './ast.js';
import type { PatternReader } from './pattern-reader.js';

const CATEGORIES: ReadonlyMap<string, Category> = new Map(
  (['d', 'w', 's'] as const).flatMap((name): [string, Category][] => [
    [name, { kind: 'category', name, negated: false }],
    [name.toUpperCase(), { kind: 'category', name, negated: true }],
  ]),
);

/** Escapes that mean the same inside and outside a class; the reader is after the letter. */
export function readCommonEscape(
  reader: PatternReader,
  letter: string,
): number | Category | undefined {
  switch (letter) {
    case 'x':
      return hex(reader, letter, 2);
    case 'u':
      return hex(reader, letter, 4);
    case 'U': {
      const code = hex(reader, letter, 8);
      if (code > 0x10ffff) throw reader.error('bad escape \\U');
      return code;
    }
    case 'N':
      throw reader.unsupported('a character by its Unicode name (\\N{...})');
    default:
      return CATEGORIES.get(letter) ?? LETTER_ESCAPES.get(letter);
  }
}

/** A letter or digit without a rule is an error; any other character stands for itself. */
export function plainEscape(reader: PatternReader, letter: string): number {
  if (/^[A-Za-z0-9]$/.test(letter)) throw reader.error(`bad escape \\${letter}`);
  return letter.codePointAt(0)!;
}

function hex(reader: PatternReader, letter: string, digits: number): number {
  const text = reader.take(digits);
  if (text.length !== digits || !/^[0-9A-Fa-f]+$/.test(text)) {
    throw reader.error(`incomplete escape \\${letter}${text}`);
  }
  return Number.parseInt(text, 16);
}
