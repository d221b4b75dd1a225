import { describe, expect, it } from 'vitest';
import { InputError } from '../../errors/index.js';
import { TextInputError } from '../errors.js';
import { packTextBatch } from './text-batch.js';

const limits = { vocabSize: 10, padIdx: 1, bptt: 5, maxLen: 12 };

describe('packTextBatch', () => {
  it('packs rows of different lengths', () => {
    const batch = packTextBatch([[2, 3, 4], [5], Int32Array.of(9, 0)], limits);
    expect(batch.dims).toEqual([3, 3]);
    expect([...batch.ids.subarray(0, 4)]).toEqual([2, 3, 4, 5]);
    expect([...batch.ids.subarray(6, 8)]).toEqual([9, 0]);
    expect([...batch.lengths]).toEqual([3, 1, 2]);
  });

  it.each([
    ['no row', []],
    ['an empty row', [[2], []]],
    ['an id beyond the vocabulary', [[10]]],
    ['a negative id', [[2, -1]]],
    ['a fraction', [[2.5]]],
    ['NaN', [[NaN]]],
  ])('refuses %s', (_, rows) => {
    expect(() => packTextBatch(rows, limits)).toThrow(TextInputError);
    expect(() => packTextBatch(rows, limits)).toThrow(InputError);
  });

  it('refuses what fastai cannot pool: a last chunk longer than max_len', () => {
    const short = { ...limits, maxLen: 3 };
    expect(() => packTextBatch([Array(4).fill(2)], short)).toThrow(/max_len of 3/);
    expect(packTextBatch([Array(8).fill(2)], short).dims).toEqual([1, 8]);
    expect(packTextBatch([Array(5).fill(2)], { ...limits, maxLen: null }).dims).toEqual([1, 5]);
  });
});
