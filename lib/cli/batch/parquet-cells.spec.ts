import { parquetMetadata, parquetReadObjects, type SchemaElement } from 'hyparquet';
import { describe, expect, it } from 'vitest';
import type { BatchColumn } from './chunk.js';
import type { OutputColumn } from './layout.js';
import { PARQUET } from './parquet-sink.js';

const ROWS = 5000;
const FLOAT: OutputColumn = { name: 'cell', type: 'float' };

function keptAs(
  type: SchemaElement['type'],
  repetition_type: 'OPTIONAL' | 'REQUIRED',
): OutputColumn {
  return { name: 'cell', type: 'any', element: { name: 'cell', type, repetition_type } };
}

/** The cells that a reader finds, and the encodings of their pages. */
async function written(
  column: OutputColumn,
  cells: BatchColumn,
): Promise<{ values: unknown[]; encodings: readonly string[]; bytes: number }> {
  const layout = { kept: [column], predicted: [] };
  const bytes = PARQUET.encode(layout, { rows: ROWS, columns: [cells] }) as Uint8Array;
  const { buffer: file } = bytes.slice();
  const { encodings } = parquetMetadata(file).row_groups[0]!.columns[0]!.meta_data!;
  const rows = await parquetReadObjects({ file });
  return { values: rows.map(({ cell }) => cell), encodings, bytes: bytes.length };
}

const rows = (valueOf: (row: number) => number): number[] =>
  Array.from({ length: ROWS }, (_, row) => valueOf(row));

describe('Cells of Parquet', () => {
  it.each([1, 2, 3, 7, 255, 1250])(
    'are places among %d numbers where these repeat',
    async (count) => {
      const special = [NaN, -0, Infinity, 1e-45];
      const cells = Float32Array.from(
        rows((row) => special[(row * 7) % count] ?? Math.fround(((row * 7) % count) / 3)),
      );
      const { values, encodings, bytes } = await written(FLOAT, { cells });
      expect(values).toEqual([...cells]);
      expect(encodings).toContain('RLE_DICTIONARY');
      expect(bytes).toBeLessThan(4 * count + (ROWS * Math.ceil(Math.log2(count))) / 8 + 1000);
    },
  );

  it('are numbers as they are in memory where they do not repeat', async () => {
    const cells = Float32Array.from(rows((row) => Math.sin(row)));
    const { values, encodings } = await written(FLOAT, { cells });
    expect(values).toEqual([...cells]);
    expect(encodings).toEqual(['PLAIN']);
  });

  it.each(['DOUBLE', 'FLOAT', 'INT32', 'INT64'] as const)(
    'keep numbers of the type %s, and the gaps among them',
    async (type) => {
      const whole = type.startsWith('INT');
      const of = (row: number): number => {
        const value = (row - 2500) * (type === 'INT64' ? 2 ** 40 + 1 : 12_345);
        return whole ? value : Math.fround(value / 7);
      };
      const cells = Float64Array.from(rows(of));
      const shown = (value: number): unknown => (type === 'INT64' ? BigInt(value) : value);
      const all = await written(keptAs(type, 'REQUIRED'), { cells });
      expect(all.values).toEqual(rows(of).map(shown));
      const missing = Uint8Array.from(rows((row) => (row % 3 === 1 ? 1 : 0)));
      const some = await written(keptAs(type, 'OPTIONAL'), { cells, missing });
      expect(some.values).toEqual(
        rows(of).map((value, row) => (row % 3 === 1 ? null : shown(value))),
      );
    },
  );

  it('refuse a gap in a column that must have none', async () => {
    const missing = new Uint8Array(ROWS);
    missing[4999] = 1;
    const cells = new Float64Array(ROWS);
    await expect(written(keptAs('DOUBLE', 'REQUIRED'), { cells, missing })).rejects.toThrow(
      'The column "cell" lacks a value',
    );
  });
});
