import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parquetReadObjects } from 'hyparquet';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { cellOf, type BatchColumn, type Chunk } from './chunk.js';
import { findFiles, type BatchFile } from './files.js';
import { layoutWith, type OutputColumn } from './layout.js';
import { PARQUET } from './parquet-sink.js';
import { PlaceReader, readPlace } from './places/read-place.js';
import { splitFiles } from './places/split.js';
import { parquetColumns, readParquet } from './read-parquet.js';

const PAGES = fileURLToPath(new URL('../../../test/fixtures/cli/pages.parquet', import.meta.url));
const SHAPE = { prediction: 'number', classes: [], chooses: false } as const;

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'vts-pages-'));
});
afterEach(() => rm(folder, { recursive: true }));

const fileAt = async (path: string): Promise<BatchFile> => (await findFiles([path], 'tabular'))[0]!;

async function all<T>(items: AsyncIterable<T>): Promise<T[]> {
  const list: T[] = [];
  for await (const item of items) list.push(item);
  return list;
}

async function chunksOf(file: BatchFile, rows: number): Promise<Chunk[]> {
  return all(readParquet(file, { rows, wanted: () => true }));
}

/** As `readParquet` gives cells: numbers that a double holds are numbers. */
const expectedOf = (cell: unknown): unknown =>
  typeof cell === 'bigint' && Number.isSafeInteger(Number(cell)) ? Number(cell) : (cell ?? null);

async function expected(bytes: Uint8Array): Promise<Record<string, unknown>[]> {
  const { buffer } = new Uint8Array(bytes);
  const rows = await parquetReadObjects({ file: buffer });
  return rows.map((row) =>
    Object.fromEntries(Object.entries(row).map(([name, cell]) => [name, expectedOf(cell)])),
  );
}

const rowsOf = (chunks: readonly Chunk[]): Record<string, unknown>[] =>
  chunks.flatMap(({ rows, columns }) =>
    Array.from({ length: rows }, (_, row) =>
      Object.fromEntries([...columns!].map(([name, column]) => [name, cellOf(column, row)])),
    ),
  );

describe('Pages as pandas writes them', () => {
  it.each([1, 90, 1000, 5000])('give the same cells when read %d rows at a time', async (rows) => {
    const read = rowsOf(await chunksOf(await fileAt(PAGES), rows));
    expect(read).toEqual(await expected(readFileSync(PAGES)));
  });

  it('keep values and dictionary indices, only of values in the chunk', async () => {
    const [chunk] = await chunksOf(await fileAt(PAGES), 3);
    expect(chunk!.columns!.get('few')!.cells).toEqual({
      codes: Int32Array.of(0, 1, 2),
      values: [null, 'value 1', 'value 2'],
    });
  });

  it('are read in any order of indices', async () => {
    const files = [await fileAt(PAGES)];
    const options = { rows: 90, limit: Infinity, folder };
    const places = await all(splitFiles(files, options));
    const none = (): never => {
      throw new Error('nothing is packed');
    };
    const reader = new PlaceReader();
    for (const at of [0, 1, 5, 4, 30, 12, 13, 33, 0]) {
      const place = places[at]!;
      expect(await reader.read(place, 90, new Set(['few', 'whole']), none)).toEqual(
        await readPlace(place, 90, new Set(['few', 'whole']), none),
      );
    }
    await expect(reader.read({ ...places[0]!, at: 99 }, 90, undefined, none)).rejects.toThrow(
      'does not have 90 rows from row 1 on',
    );
    await reader.close();
  });

  it('are refused with a clear message if they are damaged', async () => {
    const bytes = readFileSync(PAGES);
    let refused = 0;
    for (let at = 4; at < 8000; at += 97) {
      const path = join(folder, 'bad.parquet');
      const other = Buffer.from(bytes);
      other[at]! ^= 0x55;
      await writeFile(path, other);
      const read = chunksOf(await fileAt(path), 5000);
      await read.catch((error: Error) => {
        expect(error.message).toContain('is not a readable Parquet file');
        refused++;
      });
    }
    expect(refused).toBeGreaterThan(0);
  });
});

describe('Kept columns', () => {
  async function kept(file: BatchFile, rows: number): Promise<Record<string, unknown>[]> {
    const elements = await parquetColumns(file);
    const columns = elements.map((element): OutputColumn => {
      return { name: element.name, type: 'any', element };
    });
    const layout = layoutWith(columns, [], SHAPE);
    const parts: string[] = [];
    for (const [at, chunk] of (await chunksOf(file, rows)).entries()) {
      const cells = columns.map(({ name }): BatchColumn => chunk.columns!.get(name)!);
      const part = join(folder, `${at}.rows`);
      await writeFile(part, PARQUET.encode(layout, { rows: chunk.rows, columns: cells }));
      parts.push(part);
    }
    const out = join(folder, 'out.parquet');
    await PARQUET.merge(out, layout, parts);
    return parquetReadObjects({ file: new Uint8Array(readFileSync(out)).buffer });
  }

  it.each([33, 700, 5000])('are unchanged when written %d rows at a time', async (rows) => {
    const { buffer } = new Uint8Array(readFileSync(PAGES));
    expect(await kept(await fileAt(PAGES), rows)).toEqual(
      await parquetReadObjects({ file: buffer }),
    );
  });
});
