import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { finished } from '../../runtime/turns.js';
import { packRows } from './pack-rows.js';
import { cellsWith, tableOfItems } from './table.js';

const COLUMNS = [
  { name: 'a', kind: 'number', nullable: true },
  { name: 'b', kind: 'category', nullable: true },
  { name: 'c', kind: 'number', nullable: false },
] as const;

const cell = fc.oneof(
  fc.double(),
  fc.constantFrom(null, undefined, -0, 0, true, 'x', 'y', 5n),
  fc.string(),
);
const rows = fc.array(fc.record({ a: cell, b: cell, c: cell }, { requiredKeys: [] }), {
  minLength: 1,
  maxLength: 30,
});

describe('packRows', () => {
  it('gives a learner the cells of the rows', () => {
    fc.assert(
      fc.property(rows, (items) => {
        const packed = finished(packRows(items, COLUMNS));
        const missing = COLUMNS.some(({ name }) => items.every((row) => row[name] === undefined));
        expect(packed === undefined).toBe(missing);
        if (packed === undefined) return;
        const [given, sent] = [tableOfItems(items), tableOfItems(structuredClone(packed))];
        for (const { name, kind, nullable } of COLUMNS) {
          const before = cellsWith(given.column(name)!, (value) => value);
          const after = cellsWith(sent.column(name)!, (value) => value);
          items.forEach((_, row) => {
            const expected = before(row);
            // Gaps of numbers are NaN to a learner.
            const gap = expected === null || expected === undefined;
            const numeric = kind === 'number' && nullable && Number.isNaN(after(row));
            expect(after(row)).toBe(gap && numeric ? NaN : expected);
          });
        }
      }),
    );
  });

  it.each([
    ['no object', [{ a: 1, b: 1, c: 1 }, 'x']],
    [
      'of a class',
      [
        new (class {
          a = 1;
          b = 1;
          c = 1;
        })(),
      ],
    ],
    ['a map', [new Map([['a', 1]])]],
    ['without a column', [{ a: 1, b: 1 }]],
  ])('leaves rows as they are: %s', (_, items) => {
    expect(finished(packRows(items, COLUMNS))).toBeUndefined();
  });

  it('leaves rows with a column of a name that objects inherit', () => {
    const columns = [{ name: 'constructor', kind: 'category', nullable: true }] as const;
    expect(finished(packRows([{ constructor: 'x' }], columns))).toBeUndefined();
  });
});
