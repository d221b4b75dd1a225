import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { decodeSpecTokens, TokenDecoder } from './decode-tokens.js';
import { DecodedTextTooLongError } from '../../errors.js';

const { decoded } = JSON.parse(readFileSync('test/fixtures/lm/untied/cases.json', 'utf8')) as {
  decoded: { tokens: string[]; words: string[] }[];
};

describe('decodeSpecTokens', () => {
  it.each(decoded)('decodes $tokens like fastai', ({ tokens, words }) => {
    expect(decodeSpecTokens(tokens)).toEqual(words);
    const decoder = new TokenDecoder();
    expect(tokens.flatMap((token) => decoder.push(token))).toEqual(words);
  });

  it('gives the words of each token at once', () => {
    const decoder = new TokenDecoder();
    const words = ['xxmaj', 'the', 'film', 'xxwrep', '2', 'so'].map((token) => decoder.push(token));
    expect(words).toEqual([[], ['The'], ['film'], [], [], ['so', 'so']]);
  });

  it('refuses to fill the memory with repetitions', () => {
    expect(() => decodeSpecTokens(['xxrep', '1000000000', 'a'])).toThrow(DecodedTextTooLongError);
    expect(() => decodeSpecTokens(['xxwrep', '9'.repeat(400), ''])).toThrow(
      DecodedTextTooLongError,
    );
    const tail = Array<string>(20).fill('abc');
    expect(() => decodeSpecTokens(['xxrep', '500000', ...tail])).toThrow(/xxrep.*decoder/);
  });
});
