import { describe, expect, it } from 'vitest';
import { codePointLength, compareStrings, isSpace, lower, splitWhitespace, strip } from './str.js';

describe('Python strings', () => {
  it('knows the white space of str.isspace, which is not that of JavaScript', () => {
    const spaces = Array.from({ length: 0x10000 }, (_, code) => code).filter(isSpace);
    const hex = spaces.map((code) => code.toString(16)).join(' ');
    expect(hex).toBe(
      '9 a b c d 1c 1d 1e 1f 20 85 a0 1680 2000 2001 2002 2003 2004 2005 2006 2007 2008 2009 200a 2028 2029 202f 205f 3000',
    );
  });

  it('strips white space, and splits at it', () => {
    expect(strip('\u001f\u0085 a b\u00a0\ufeff\u3000')).toBe('a b\u00a0\ufeff');
    expect(strip(' \n ')).toBe('');
    expect(splitWhitespace('\u001ca  b\u2028c ')).toEqual(['a', 'b', 'c']);
    expect(splitWhitespace(' ')).toEqual([]);
  });

  it('lowers as Python does, including the final sigma', () => {
    expect(lower('ΟΔΟΣ ΟΔΟΣ. Σ İẞǅ')).toBe('οδος οδος. σ i̇ßǆ');
  });

  it('counts and orders by code points', () => {
    expect(codePointLength('a😀\ud800b')).toBe(4);
    expect(['😀', '\uff5e', 'a', '', 'ab'].sort(compareStrings)).toEqual([
      '',
      'a',
      'ab',
      '\uff5e',
      '😀',
    ]);
  });
});
