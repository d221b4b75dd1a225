import { describe, expect, it } from 'vitest';
import { PyGlobal, PyObject, type PyValue } from '../../torch/python.js';
import { CategoryIndex } from './category-index.js';
import type { Column } from './table.js';

const timestamp = (nanoseconds: bigint, unit = 10): PyValue =>
  new PyObject(new PyGlobal('pandas._libs.tslibs.timestamps', '_unpickle_timestamp'), [
    nanoseconds,
    null,
    null,
    unit,
  ]);

const values = [true, false, 1, 0, 2, 2.5, '1', 'True', 'a', null, NaN, '#na#', 2n ** 60n];

/**
 * The codes that `pd.Categorical(pd.Series([value], dtype=object), categories=classes).codes + 1`
 * has.
 */
describe('CategoryIndex', () => {
  it.each<[string, PyValue[], number[]]>([
    ['booleans', [false, true], [2, 1, 2, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0]],
    ['integers', [1, 2, 2n ** 60n], [0, 0, 1, 0, 2, 0, 0, 0, 0, 0, 0, 0, 3]],
    ['floats', [1, 2.5], [0, 0, 1, 0, 0, 2, 0, 0, 0, 0, 0, 0, 0]],
    ['texts', ['1', 'True', 'a'], [0, 0, 0, 0, 0, 0, 1, 2, 3, 0, 0, 0, 0]],
    ['all kinds', ['a', 1, 2.5], [2, 0, 2, 0, 0, 3, 0, 0, 1, 0, 0, 0, 0]],
  ])('matches %s as pandas does', (_what, classes, codes) => {
    const index = new CategoryIndex(['#na#', ...classes]);
    expect(values.map((value) => index.codeOf(value))).toEqual(codes);
    for (const [at, value] of values.entries()) {
      const out = new Int32Array(1);
      expect(refused(index, [value], out)).toEqual([]);
      expect(out[0]).toBe(codes[at]);
    }
  });

  /** `pd.Categorical(pd.Series(values), categories=classes).codes + 1`: a column of objects. */
  it.each<[string, PyValue[], number[]]>([
    ['booleans', [false, true], [2, 1, 2, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0]],
    ['integers', [1, 2, 2n ** 60n], [1, 0, 1, 0, 2, 0, 0, 0, 0, 0, 0, 0, 3]],
    ['floats', [1, 2.5], [1, 0, 1, 0, 0, 2, 0, 0, 0, 0, 0, 0, 0]],
    ['texts', ['1', 'True', 'a'], [0, 0, 0, 0, 0, 0, 1, 2, 3, 0, 0, 0, 0]],
    ['all kinds', ['a', 1, 2.5], [2, 0, 2, 0, 0, 3, 0, 0, 1, 0, 0, 0, 0]],
  ])('matches %s in a mixed column as pandas does', (_what, classes, codes) => {
    const index = new CategoryIndex(['#na#', ...classes]);
    const out = new Int32Array(values.length);
    expect(refused(index, values, out)).toEqual([]);
    expect([...out]).toEqual(codes);
    const column = { codes: Int32Array.from(values.keys()), values };
    expect(refused(index, column, out)).toEqual([]);
    expect([...out]).toEqual(codes);
    const flags = [true, false];
    expect(refused(index, flags, out)).toEqual([]);
    expect([...out.subarray(0, 2)]).toEqual(flags.map((flag) => index.codeOf(flag)));
  });

  it('matches texts and dates with timestamps', () => {
    const index = new CategoryIndex([
      '#na#',
      timestamp(1_577_836_800_000_000_000n),
      timestamp(1_625_056_496n, 7),
    ]);
    expect(index.codeOf('2020-01-01')).toBe(1);
    expect(index.codeOf('2020-01-01T00:00:00.000')).toBe(1);
    expect(index.codeOf(new Date('2020-01-01T00:00:00Z'))).toBe(1);
    expect(index.codeOf('2021-06-30 12:34:56')).toBe(2);
    expect(index.codeOf('2021-06-30')).toBe(0);
    expect(index.codeOf('soon')).toBe(0);
  });

  it('names each row whose value is not a category', () => {
    const index = new CategoryIndex(['#na#', 'a']);
    const out = new Int32Array(8).fill(-1);
    expect(refused(index, [['a'], 'a', null, ['a']], out, 1, 2)).toEqual([0, 3]);
    expect([...out]).toEqual([-1, 0, -1, 1, -1, 0, -1, 0]);
    const column = { codes: Int32Array.of(0, 1, 0, 1), values: ['a', {}] };
    expect(refused(index, column, out, 0, 2)).toEqual([1, 3]);
    expect([...out]).toEqual([1, 0, 0, 1, 1, 0, 0, 0]);
  });
});

/** The rows that are refused, where the codes of the others are written. */
function refused(
  index: CategoryIndex,
  column: Column,
  out: Int32Array,
  offset = 0,
  stride = 1,
): number[] {
  const rows: number[] = [];
  const end = 'codes' in column ? column.codes.length : column.length;
  index.encode(column, { start: 0, end }, out, offset, stride, (row) => rows.push(row));
  return rows;
}
