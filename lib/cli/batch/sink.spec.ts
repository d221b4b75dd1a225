import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parquetReadObjects, parquetSchema, parquetMetadata } from 'hyparquet';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Layout, OutputCells } from './layout.js';
import { PARQUET } from './parquet-sink.js';
import { delimitedSink, JSON_LINES, type Sink } from './sink.js';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'vts-sink-'));
});
afterEach(() => rm(folder, { recursive: true }));

const LAYOUT: Layout = {
  kept: [
    {
      name: 'id',
      type: 'any',
      element: { name: 'id', type: 'INT64', repetition_type: 'OPTIONAL' },
    },
    { name: 'note', type: 'any' },
  ],
  predicted: [
    { name: 'prediction', type: 'text', cells: () => [] },
    { name: 'p(a, "b")', type: 'float', cells: () => [] },
  ],
};

function cellsOf(...rows: readonly (readonly unknown[])[]): OutputCells {
  const columns = [0, 1, 2, 3].map((at) => ({ cells: rows.map((row) => row[at]) }));
  return { rows: rows.length, columns };
}

const CHUNKS = [
  cellsOf([1, 'x,\n"y"', 'a', Math.fround(0.1)], [2, null, 'b', 1]),
  cellsOf(),
  cellsOf([3, 0.1, ['a', 'b'], Math.fround(1e-9)]),
];

async function result(sink: Sink, chunks = CHUNKS): Promise<Buffer> {
  const parts = chunks.map((_, at) => join(folder, String(at)));
  for (const [at, cells] of chunks.entries()) {
    await writeFile(parts[at]!, sink.encode(LAYOUT, cells));
  }
  const whole = join(folder, 'whole');
  await sink.merge(whole, LAYOUT, parts);
  const counts = await Promise.all(parts.map((part) => sink.rowsIn(part)));
  expect(counts).toEqual(chunks.map(({ rows }) => rows));
  return readFile(whole);
}

describe('The result of several chunks', () => {
  it('is CSV with all digits of kept cells, and the float32 digits of predictions', async () => {
    expect((await result(delimitedSink(','))).toString()).toBe(
      [
        'id,note,prediction,"p(a, ""b"")"',
        '1,"x,\n""y""",a,0.1',
        '2,,b,1',
        '3,0.1,a;b,1e-9',
        '',
      ].join('\n'),
    );
  });

  it('is one JSON object per line', async () => {
    const lines = (await result(JSON_LINES)).toString().trimEnd().split('\n');
    expect(lines.map((line) => JSON.parse(line) as unknown)).toEqual([
      { id: 1, note: 'x,\n"y"', prediction: 'a', 'p(a, "b")': Math.fround(0.1) },
      { id: 2, note: null, prediction: 'b', 'p(a, "b")': 1 },
      { id: 3, note: 0.1, prediction: ['a', 'b'], 'p(a, "b")': Math.fround(1e-9) },
    ]);
  });

  it('is one Parquet file, whatever its chunks were', async () => {
    const { buffer } = new Uint8Array(await result(PARQUET));
    const metadata = parquetMetadata(buffer);
    expect([Number(metadata.num_rows), metadata.row_groups.length]).toEqual([3, 2]);
    expect(parquetSchema(metadata).children.map(({ element }) => element.type)).toEqual([
      'INT64',
      'BYTE_ARRAY',
      'BYTE_ARRAY',
      'FLOAT',
    ]);
    expect(await parquetReadObjects({ file: buffer })).toEqual([
      { id: 1n, note: 'x,\n"y"', prediction: 'a', 'p(a, "b")': Math.fround(0.1) },
      { id: 2n, note: null, prediction: 'b', 'p(a, "b")': 1 },
      { id: 3n, note: '0.1', prediction: '["a","b"]', 'p(a, "b")': Math.fround(1e-9) },
    ]);
  });

  it('is a Parquet file without rows if no chunk has rows', async () => {
    const { buffer } = new Uint8Array(await result(PARQUET, [cellsOf()]));
    expect(Number(parquetMetadata(buffer).num_rows)).toBe(0);
  });
});
