import { describe, expect, it } from 'vitest';
import type { Chunk } from '../chunk.js';
import { like } from './like.js';
import { RowFilter } from './row-filter.js';

const file = { path: 'x', format: 'parquet', size: 1, mtimeMs: 0, partition: new Map() } as const;
const chunk: Chunk = {
  file,
  first: 10,
  rows: 5,
  bytes: 1,
  columns: new Map([
    ['id', { cells: Float64Array.of(0, 1, 2, 3, 4) }],
    ['age', { cells: Float64Array.of(30, NaN, 45, 18, 7), missing: Uint8Array.of(0, 1, 0, 0, 0) }],
    ['sex', { cells: { codes: Int32Array.of(0, 1, 0, 2, 1), values: ['F', 'M', null] } }],
    ['the "note"', { cells: ['10%', "it's", '', 'a_b', 'x\ny'] }],
    ['big', { cells: [9007199254740993n, 1, null, 2, 3] }],
    ['day', { cells: [new Date('2024-05-01'), null, new Date('2023-01-01'), null, null] }],
    ['married', { cells: [true, false, null, true, false] }],
  ]),
  faults: new Map(),
};

function rows(condition: string, of: Chunk = chunk): number[] {
  const { columns, rows: count } = new RowFilter(condition).apply(of);
  const cells = columns!.get('id')!.cells as Float64Array;
  expect(cells.length).toBe(count);
  return [...cells];
}

describe('--where', () => {
  it.each([
    ['age > 17', [0, 2, 3]],
    ['NOT age > 17', [4]],
    ['NOT (age = NULL)', []],
    ['age = NULL OR id = 1', [1]],
    ['age IS NULL', [1]],
    ["age is not null and sex = 'F'", [0, 2]],
    ["sex <> 'F'", [1, 4]],
    ["sex NOT IN ('F', NULL)", []],
    ["sex IN ('F', NULL)", [0, 2]],
    ['age BETWEEN 18 AND 30 OR id=4', [0, 3, 4]],
    ['age NOT BETWEEN 18 AND 30', [2, 4]],
    ['id = 0 OR id = 1 AND id = 2', [0]],
    [`"the ""note""" LIKE '%!%' ESCAPE '!'`, [0]],
    [`"the ""note""" LIKE '%!%' ESCAPE '!' OR "the ""note""" LIKE '10!%' ESCAPE '!'`, [0]],
    [`"the ""note""" = 'it''s'`, [1]],
    [`"the ""note""" LIKE '_\n_'`, [4]],
    ["sex ILIKE 'f'", [0, 2]],
    ['big = 9007199254740993', [0]],
    ['big = 9007199254740992', []],
    ["day >= '2024-01-01'", [0]],
    ['married', [0, 3]],
    ['married IS NOT TRUE', [1, 2, 4]],
    ['NOT married', [1, 4]],
    ['married = FALSE', [1, 4]],
    ['id > -1 AND -2.5e0 < id', [0, 1, 2, 3, 4]],
    ['id < age', [0, 2, 3, 4]],
  ])('%s', (condition, expected) => {
    expect(rows(condition)).toEqual(expected);
  });

  it('reads CSV cells as the type of the other operand, and empty ones as missing', () => {
    const cells = ['9', '10', '', 'n/a', '010'];
    const csv: Chunk = {
      ...chunk,
      file: { ...file, format: 'csv' },
      columns: new Map([...chunk.columns!, ['n', { cells }]]),
    };
    expect(rows('n > 9', csv)).toEqual([1, 4]);
    expect(rows("n = '010'", csv)).toEqual([4]);
    expect(rows('n IS NULL', csv)).toEqual([2]);
  });

  it('keeps the positions of rows, and failed rows', () => {
    const bad = new Map([[1, 'not JSON']]);
    const left = new RowFilter('age < 20').apply({ ...chunk, faults: bad });
    expect([...left.places!]).toEqual([1, 3, 4]);
    expect([...left.faults]).toEqual([[0, 'not JSON']]);
    expect([...left.columns!.get('age')!.missing!]).toEqual([1, 0, 0]);
  });

  it.each([
    ['', 'needs a column, a value or "(" where it ends'],
    ['age >', 'where it ends'],
    ['age > 1 2', 'needs AND, OR or the end where "2" stands (character 9)'],
    ['age; DROP TABLE x', 'cannot be read at "; DROP TABLE x"'],
    ["sex = 'F", 'cannot be read'],
    ['age IS 3', 'needs NULL, TRUE or FALSE'],
    ['age NOT 3', 'needs IN, LIKE or BETWEEN'],
    [`${'('.repeat(101)}age${')'.repeat(101)}`, 'too deep'],
    ['x'.repeat(10_001), 'has 10001 characters'],
  ])('refuses %s', (condition, says) => {
    expect(() => new RowFilter(condition)).toThrow(says);
  });

  it('refuses an unknown column, also with the name of a member of objects', () => {
    const filter = new RowFilter('constructor = 1');
    expect(() => filter.check(['age'])).toThrow('no column "constructor"');
    expect(filter.apply(chunk).rows).toBe(0);
  });

  it('needs little time for patterns that make regular expressions slow', () => {
    expect(like('a'.repeat(2000), `${'%a'.repeat(200)}%b`, undefined)).toBe(false);
    expect(like('😀x', '_x', undefined)).toBe(true);
  });
});
