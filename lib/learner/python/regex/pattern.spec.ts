import { readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { codePointLength } from '../str.js';
import { PythonPattern, RegexSyntaxError, UnsupportedRegexError } from './index.js';

type Span = [number, number];
type Found = [text: string, match: Span | null, fullmatch: Span | null, finditer: Span[]];
interface Fixture {
  patterns: [pattern: string, flags: number, found: Found[]][];
  invalid: string[];
}

const fixture = JSON.parse(
  gunzipSync(
    readFileSync(new URL('../../../../test/fixtures/text/regex.json.gz', import.meta.url)),
  ).toString(),
) as Fixture;

/** UTF-16 offsets as Python's code point offsets. */
function spanIn(text: string, match: { start: number; end: number } | undefined): Span | null {
  if (!match) return null;
  const position = (end: number): number => codePointLength(text.slice(0, end));
  return [position(match.start), position(match.end)];
}

function compile(pattern: string, flags: number): PythonPattern | undefined {
  try {
    return new PythonPattern(pattern, flags);
  } catch (error) {
    if (error instanceof UnsupportedRegexError) return undefined;
    throw error;
  }
}

describe('PythonPattern', () => {
  it('finds what Python finds', () => {
    const different: unknown[] = [];
    let unsupported = 0;
    for (const [source, flags, found] of fixture.patterns) {
      const pattern = compile(source, flags);
      if (!pattern) {
        unsupported++;
        continue;
      }
      for (const [text, ...expected] of found) {
        const actual = [
          spanIn(text, pattern.match(text)),
          spanIn(text, pattern.fullmatch(text)),
          pattern.finditer(text).map((match) => spanIn(text, match)),
        ];
        if (pattern.matches(text) !== (expected[0] !== null)) different.push({ source, text });
        if (JSON.stringify(actual) !== JSON.stringify(expected)) {
          different.push({ source, flags, text, actual, expected });
        }
      }
    }
    expect(different).toEqual([]);
    // Random patterns nest loops that may match nothing, and refer to groups that may not match.
    expect(unsupported / fixture.patterns.length).toBeLessThan(0.05);
  });

  it.each(fixture.invalid)('refuses %s, as Python does', (source) => {
    expect(() => new PythonPattern(source)).toThrow(RegexSyntaxError);
  });

  it.each(['(a)|b\\1', '(a)?\\1', '(?(1)a|b)', '\\N{BULLET}', '(?L:a)', '(?:|a)*b', '(?i:(a)\\1)'])(
    'refuses %s, which JavaScript would match differently',
    (source) => {
      expect(() => new PythonPattern(source)).toThrow(UnsupportedRegexError);
    },
  );

  it('reports the error, its position and what to do', () => {
    expect(() => new PythonPattern('a(b')).toThrow(
      /"a\(b" is not valid in Python: missing \), unterminated subpattern at position 3\. .*export it again/,
    );
    expect(() => new PythonPattern('(?(1)a)')).toThrow(
      /a conditional group.*Rewrite the expression/,
    );
  });

  it('takes flags from the pattern and as bits', () => {
    expect(new PythonPattern('(?im)a').flags).toBe(2 | 8 | 32);
    expect(new PythonPattern('a', 256).flags).toBe(256);
    expect(new PythonPattern('(?a)a', 0).flags).toBe(256);
  });

  it('numbers groups as Python does, although atomic groups need additional captures', () => {
    const pattern = new PythonPattern('(?>(a)|b)(?P<name>c)++(d)?');
    expect(pattern.search('xacc')?.groups).toEqual(['acc', 'a', 'c', undefined]);
    expect(pattern.groupNames.get('name')).toBe(2);
  });

  it('replaces with a function, also around empty matches', () => {
    expect(new PythonPattern('x*').sub(() => '-', 'abxd')).toBe('-a-b--d-');
    expect(new PythonPattern('(\\w)').sub(({ groups }) => `<${groups[1]}>`, '1 a')).toBe('<1> <a>');
    expect(new PythonPattern('q').sub(() => '-', 'abc')).toBe('abc');
  });

  it('never starts a match inside a surrogate pair', () => {
    const found = new PythonPattern('(?!b|c)').finditer('a😀b').map(({ start }) => start);
    expect(found).toEqual([0, 1, 4]);
  });

  it('matches a large alternation branch by branch as it would in one piece', () => {
    const words = Array.from({ length: 40 }, (_, i) => `^w${i}[a-z]+-et$`);
    const pattern = new PythonPattern(`(?i)(?:${words.join('|')})`);
    for (const text of ['w7abc-et', 'W39X-ET', 'w40a-et', 'w7-et', 'xw7abc-et', 'w7abc-et!', '']) {
      expect(pattern.matches(text)).toBe(pattern.match(text) !== undefined);
    }
    expect(pattern.matches('W39X-ET')).toBe(true);
    expect(pattern.matches('w40a-et')).toBe(false);
  });

  it('notices early that a required end is missing', () => {
    const pattern = new PythonPattern('(?:\\S+(?::\\S*)?@)?[a-z]+', 0);
    const long = '{"a":'.repeat(40_000);
    // Each way to divide 200,000 characters between two loops would take minutes.
    expect(pattern.match(long)).toBeUndefined();
    expect(pattern.match('user:word@host')).toMatchObject({ start: 0, end: 14 });
    expect(pattern.match('a:b:c@d@host')).toMatchObject({ start: 0, end: 12 });
    expect(pattern.match('host user:word@')).toMatchObject({ start: 0, end: 4 });
  });

  it.each([
    ['(?:a+(?:b*)?c)?.', 'aabbc!', 6],
    ['(?:[ab]+b*b)?', 'ababb', 5],
    ['(?:[a-z@:]+(?::[a-z@]*)?@)*', 'a:b@c@d', 6],
    ['(?:\\w+?(?:-?\\w*)_)+', 'a_b_c', 4],
    ['(?:[a-z]+[a-z]*Z)?', 'abZ', 3],
  ])('matches %s against %s', (source, text, end) => {
    expect(new PythonPattern(source, 0).match(text)).toMatchObject({ start: 0, end });
  });
});
