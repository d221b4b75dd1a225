import { describe, expect, it } from 'vitest';
import { fit, oneLine, printable, wrap } from './text.js';

describe('text', () => {
  it('fits into a number of cells, whatever its letters are', () => {
    expect(fit('abcdef', 6)).toBe('abcdef');
    expect(fit('abcdefg', 6)).toBe('abcde…');
    // Two cells each, and one letter of several code points.
    expect(fit('日本語日本語', 6)).toBe('日本…');
    expect(fit('👩‍👩‍👧ab', 4)).toBe('👩‍👩‍👧ab');
    expect(fit('x'.repeat(1_000_000), 5)).toBe('xxxx…');
  });

  it('wraps at words, and keeps long ones whole', () => {
    expect(wrap('one two three', 7)).toEqual(['one two', 'three']);
    expect(wrap('see /a/very/long/path now', 8)).toEqual(['see', '/a/very/long/path', 'now']);
    expect(wrap('a\nb', 80)).toEqual(['a', 'b']);
  });

  it('sends no control character to the terminal', () => {
    expect(oneLine('a\x1b[2Jb\r\nc\x9bd')).toBe('a [2Jb c d');
    expect(printable('a\x1b[2Jb\nc\td\r')).toBe('a [2Jb\nc\td ');
  });
});
