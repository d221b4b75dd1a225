import { describe, expect, it } from 'vitest';
import { WordCache } from './word-cache.js';

describe('WordCache', () => {
  const made: string[] = [];
  const make = (word: string): string => {
    made.push(word);
    return word.toUpperCase();
  };
  const use = (cache: WordCache<string>, words: string[], bytes = 1): string[] => {
    made.length = 0;
    for (const word of words) expect(cache.get(word, make, () => bytes)).toBe(word.toUpperCase());
    return [...made];
  };
  const numbered = (count: number): string[] => Array.from({ length: count }, (_, i) => `w${i}`);

  it('makes a value once', () => {
    const cache = new WordCache<string>();
    expect(use(cache, ['a', 'b', 'a', 'b'])).toEqual(['a', 'b']);
  });

  it('keeps recent values, and at most two generations of entries', () => {
    const cache = new WordCache<string>();
    const words = numbered(8192);
    use(cache, words);
    // A new word begins the next generation; the old one is still there, and goes with the third.
    expect(use(cache, ['new', ...words.slice(0, 8191)])).toEqual(['new']);
    expect(use(cache, ['newer', 'w0', 'w8190', 'w8191'])).toEqual(['newer', 'w8191']);
  });

  it('keeps at most two generations of bytes', () => {
    const cache = new WordCache<string>();
    use(cache, ['a', 'b', 'c'], 2 ** 20);
    expect(use(cache, ['c', 'b', 'a'], 2 ** 20)).toEqual(['a']);
  });

  it('does not keep long words', () => {
    const word = 'x'.repeat(65);
    expect(use(new WordCache<string>(), [word, word])).toEqual([word, word]);
  });
});
