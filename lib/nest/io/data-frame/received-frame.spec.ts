import { table } from 'arquero';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { packFrame, unpackColumn } from '../../../learner/fastai/tabular/packed-frame.js';
import { toTable } from './frames.js';
import type { Cells, RawFrame } from './raw-frame.js';
import { fillIn, receivedTable, storeFrame } from './received-frame.js';

const cell = fc.oneof(
  fc.double(),
  fc.constant(null),
  fc.constant(-0),
  fc.string(),
  fc.boolean(),
  fc.bigInt(),
  fc.date({ noInvalidDate: true }),
  fc.constant([1, { a: 'x' }]),
);
const column = (rows: number): fc.Arbitrary<Cells> =>
  fc.oneof(
    fc.array(cell, { minLength: rows, maxLength: rows }),
    fc.array(fc.option(fc.double()), { minLength: rows, maxLength: rows }),
    fc.float64Array({ minLength: rows, maxLength: rows }),
    fc.int16Array({ minLength: rows, maxLength: rows }),
  );
const frames: fc.Arbitrary<RawFrame> = fc.integer({ min: 0, max: 20 }).chain((rows) =>
  fc
    .dictionary(
      fc.string().filter((name) => name !== '__proto__'),
      column(rows),
      { maxKeys: 4 },
    )
    .map((columns) => ({ rows, columns: new Map(Object.entries(columns)) })),
);

const received = (frame: RawFrame) => receivedTable(structuredClone(storeFrame(frame)));
const frame = (columns: Record<string, Cells>): RawFrame => ({
  rows: Object.values(columns)[0]!.length,
  columns: new Map(Object.entries(columns)),
});

describe('A frame read by another thread', () => {
  it('equals the table that this thread would make', async () => {
    await fc.assert(
      fc.asyncProperty(frames, async (raw) => {
        const own = await toTable(raw);
        const other = await received(raw);
        expect(other.columnNames()).toEqual(own.columnNames());
        expect([other.numRows(), other.numCols()]).toEqual([own.numRows(), own.numCols()]);
        for (const name of own.columnNames()) {
          expect(other.array(name)).toEqual(own.array(name));
          expect(other.column(name)).toEqual(own.column(name));
          expect(other.column(name)?.constructor).toBe(own.column(name)?.constructor);
        }
        expect(other.objects()).toEqual(own.objects());
        expect({ ...other }).toEqual({ ...own });
      }),
    );
  });

  it('has the methods of a table', async () => {
    const other = await received(frame({ a: [3, 1, null], b: ['x', 'y', 'x'] }));
    expect(other).toBeInstanceOf(table({}).constructor);
    expect(other.get('b', 1)).toBe('y');
    expect(other.column('c')).toBeUndefined();
    const rows = other.filter('d => d.b === "x"').select('a').objects();
    expect(rows).toEqual([{ a: 3 }, { a: null }]);
    expect(() => other.array('c')).toThrow(TypeError);
  });

  it('reaches a runner as it arrived, or with its changes', async () => {
    const other = await received(frame({ a: [1, null], b: ['x', 'y'] }));
    const cells = (name: string): unknown => {
      const packed = unpackColumn(packFrame(other).columns.get(name)!);
      return 'codes' in packed
        ? Array.from(packed.codes, (code) => packed.values[code])
        : Array.from(packed);
    };
    expect([cells('a'), cells('b')]).toEqual([
      [1, NaN],
      ['x', 'y'],
    ]);
    (other.column('a') as unknown as unknown[])[1] = 7;
    expect([cells('a'), cells('b')]).toEqual([
      [1, 7],
      ['x', 'y'],
    ]);
  });

  it('is created in short steps, also with many texts', async () => {
    const texts = Array.from({ length: 10_000 }, (_, row) => `text ${row}`);
    const other = await received(frame({ texts }));
    await fillIn(other);
    expect(other.column('texts')).toEqual(texts);
  });
});
