import { desc, from, table } from 'arquero';
import { describe, expect, it } from 'vitest';
import { packFrame, unpackColumn } from './packed-frame.js';
import { isFrame, tableOfItem, tableOfItems, type Column } from './table.js';

const rows = [
  { a: 1, b: 'x', c: true },
  { a: null, b: 'y', c: false },
  { a: 3, b: 'x', c: null },
];

function cells(column: Column | undefined): unknown[] | undefined {
  if (!column) return undefined;
  if ('codes' in column) return Array.from(column.codes, (code) => column.values[code]);
  return Array.from(column as ArrayLike<unknown>);
}

describe('tableOfItems', () => {
  it.each([
    ['objects', rows],
    ['maps', rows.map((row) => new Map(Object.entries(row)))],
    ['a data frame', from(rows)],
    [
      'a filtered and ordered data frame',
      from([...rows.toReversed(), { a: 9, b: 'z', c: true }])
        .filter((row: { a: number | null }) => row.a !== 9)
        .slice(0)
        .reify([2, 1, 0]),
    ],
  ])('reads %s by columns', (_what, items) => {
    const read = tableOfItems(items);
    expect(read.rows).toBe(3);
    expect(read.names).toEqual(['a', 'b', 'c']);
    expect(cells(read.column('a'))).toEqual([1, null, 3]);
    expect(cells(read.column('b'))).toEqual(['x', 'y', 'x']);
    expect(read.column('d')).toBeUndefined();
  });

  it('has every column of any row, and no inherited ones', () => {
    const read = tableOfItems([{ a: 1 }, { b: 2, toString: 'own' }]);
    expect(cells(read.column('a'))).toEqual([1, undefined]);
    expect(cells(read.column('b'))).toEqual([undefined, 2]);
    expect(cells(read.column('toString'))).toEqual([undefined, 'own']);
    expect(read.column('constructor')).toBeUndefined();
    expect(cells(tableOfItems([JSON.parse('{"__proto__": 5}')]).column('__proto__'))).toEqual([5]);
  });

  it.each([1, 5, 9, 13, 17, 40])('reads %i columns of numbers together', (width) => {
    const names = Array.from({ length: width }, (_, column) => `c${column}`);
    const others = ['a text', true, 3n, {}];
    const many = Array.from({ length: 50 }, (_, row) =>
      Object.fromEntries(
        names.flatMap((name, column): [string, unknown][] => {
          if (row === 44 && column % 3 === 1) return [[name, others[column % 4]]];
          if ((row + column) % 7 === 0) return [];
          return [[name, (row + column) % 5 === 0 ? null : row + column / 8]];
        }),
      ),
    );
    const out = names.map(() => new Float64Array(25));
    const found = tableOfItems(many).readNumbers!(names, { start: 20, end: 45 }, out);
    expect(found).toEqual(names.map((_, column) => column % 3 === 1));
    expect(out.map((column) => Array.from(column))).toEqual(
      names.map((name) =>
        many.slice(20, 45).map((row) => (typeof row[name] === 'number' ? row[name] : NaN)),
      ),
    );
  });

  it.each([1, 8, 9, 16, 17, 40])('reads %i columns of many rows together', (width) => {
    const names = Array.from({ length: width }, (_, column) => `c${column}`);
    const many = Array.from({ length: 50 }, (_, row) =>
      // Some rows lack a column, and they have their columns in different orders.
      Object.fromEntries(
        (row % 2 ? names : names.toReversed())
          .filter((_, column) => row === 0 || (row + column) % 7 > 0)
          .map((name) => [name, `${row} ${name}`]),
      ),
    );
    const out = names.map((): unknown[] => []);
    tableOfItems(many).readCells!(names, { start: 20, end: 45 }, out);
    expect(out).toEqual(names.map((name) => many.slice(20, 45).map((row) => row[name])));
  });

  it('applies filters and orders of a data frame', () => {
    const frame = from(rows)
      .filter((row: { b: string }) => row.b === 'x')
      .orderby(desc('a'));
    expect(tableOfItems(frame).rows).toBe(2);
    expect(cells(tableOfItems(frame).column('a'))).toEqual([3, 1]);
  });

  it.each([
    [[]],
    [[1]],
    [[null]],
    [[rows]],
    ['text'],
    [undefined],
    [new Date()],
    [[new Float32Array(2)]],
  ])('refuses %j', (items) => {
    expect(() => tableOfItems(items)).toThrow(
      expect.objectContaining({ name: 'UnexpectedItemError' }),
    );
  });
});

describe('tableOfItem', () => {
  it('takes a row, or a data frame of one', () => {
    expect(cells(tableOfItem(rows[0]).column('b'))).toEqual(['x']);
    expect(cells(tableOfItem(table({ a: [1] })).column('a'))).toEqual([1]);
    expect(() => tableOfItem(from(rows))).toThrow(/a data frame of 3 rows/);
  });
});

describe('packFrame', () => {
  it('survives a message between threads', () => {
    const frame = from(rows);
    expect(isFrame(frame)).toBe(true);
    const read = tableOfItems(structuredClone(packFrame(frame)));
    expect(read.rows).toBe(3);
    expect(cells(read.column('a'))).toEqual([1, NaN, 3]);
    expect(cells(read.column('b'))).toEqual(['x', 'y', 'x']);
    expect(cells(read.column('c'))).toEqual([true, false, null]);
  });

  it('copies the cells of the frame', () => {
    const numbers = Float64Array.of(1, 2);
    const packed = packFrame(table({ a: numbers }));
    numbers[0] = 9;
    expect(cells(unpackColumn(packed.columns.get('a')!))).toEqual([1, 2]);
  });
});
