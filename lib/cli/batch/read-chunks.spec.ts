import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { parquetWriteBuffer } from 'hyparquet-writer';
import { CommandError } from '../errors.js';
import { cellOf, type Chunk } from './chunk.js';
import { findFiles } from './files.js';
import { readChunks } from './read-chunks.js';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'vts-chunks-'));
});
afterEach(() => rm(folder, { recursive: true }));

async function put(name: string, content: string | Uint8Array): Promise<string> {
  const path = join(folder, name);
  await mkdir(dirname(path), { recursive: true });
  await writeFile(path, content);
  return path;
}

async function chunksOf(
  given: readonly string[],
  { rows = 2, done = [] as number[], kind = 'tabular' } = {},
): Promise<Chunk[]> {
  let asked = 0;
  const wanted = (): boolean => !done.includes(asked++);
  const chunks: Chunk[] = [];
  for await (const chunk of readChunks(await findFiles(given, kind), { rows, wanted })) {
    chunks.push(chunk);
  }
  return chunks;
}

function rowsOf({ rows, columns }: Chunk): Record<string, unknown>[] {
  return Array.from({ length: rows }, (_, row) =>
    Object.fromEntries([...columns!].map(([name, cells]) => [name, cellOf(cells, row)])),
  );
}

const table = (rows: number): Uint8Array => {
  const at = Array.from({ length: rows }, (_, row) => row);
  return new Uint8Array(
    parquetWriteBuffer({
      columnData: [
        { name: 'id', data: at.map(BigInt), type: 'INT64' },
        { name: 'age', data: at.map((row) => (row % 3 === 1 ? null : row / 2)), type: 'DOUBLE' },
        { name: 'sex', data: at.map((row) => ['F', 'M', null][row % 3]), type: 'STRING' },
      ],
      rowGroupSize: 5,
    }),
  );
};

describe('The chunks of files', () => {
  it.each(['csv', 'tsv'])('are rows of %s, with a byte order mark and quotes', async (format) => {
    const separator = format === 'csv' ? ',' : '\t';
    const lines = [
      ['a', 'b'],
      ['1', '"x, ""y""\nz"'],
      ['2', ''],
      ['3', 'end'],
    ];
    const text = `\ufeff${lines.map((cells) => cells.join(separator)).join('\r\n')}`;
    const chunks = await chunksOf([await put(`table.${format}`, text)]);
    expect(chunks.map(({ first, rows }) => [first, rows])).toEqual([
      [0, 2],
      [2, 1],
    ]);
    expect(chunks.flatMap(rowsOf)).toEqual([
      { a: '1', b: 'x, "y"\nz' },
      { a: '2', b: '' },
      { a: '3', b: 'end' },
    ]);
  });

  it('tell a line with more cells than columns', async () => {
    const [chunk] = await chunksOf([await put('table.csv', 'a,b\n1,2\n1,2,3\n')]);
    expect([...chunk!.faults]).toEqual([[1, expect.stringContaining('3 cells')]]);
  });

  it('refuse an empty table, and a name that stands twice', async () => {
    await expect(chunksOf([await put('empty.csv', '')])).rejects.toThrow(CommandError);
    await expect(chunksOf([await put('twice.csv', 'a,a\n1,2\n')])).rejects.toThrow('"a" twice');
  });

  it('are lines of JSON: rows, and items among them', async () => {
    const text = '{"a":1}\n\n{"b":[2]}\nnot json\n"item"\n';
    const chunks = await chunksOf([await put('rows.jsonl', text)], { rows: 3 });
    expect(chunks.map(({ rows }) => rows)).toEqual([3, 1]);
    expect(rowsOf(chunks[0]!)).toEqual([{ a: 1 }, { b: [2] }, {}]);
    expect([...chunks[0]!.faults.keys()]).toEqual([2]);
    expect(rowsOf(chunks[1]!)).toEqual([{ item: 'item' }]);
  });

  it('are rows of Parquet, cut at its groups, with what is missing', async () => {
    const path = await put('table.parquet', table(7));
    const chunks = await chunksOf([path], { rows: 3 });
    expect(chunks.map(({ first, rows }) => [first, rows])).toEqual([
      [0, 3],
      [3, 2],
      [5, 2],
    ]);
    expect(chunks.flatMap(rowsOf).slice(0, 3)).toEqual([
      { id: 0, age: 0, sex: 'F' },
      { id: 1, age: null, sex: 'M' },
      { id: 2, age: 1, sex: null },
    ]);
  });

  it('refuse what is not Parquet', async () => {
    const path = await put('table.parquet', 'PAR1 and nothing more PAR1');
    await expect(chunksOf([path])).rejects.toThrow('is not a Parquet file that can be read');
  });

  it('are the same where some are not wanted, whose cells are not read', async () => {
    const files = [await put('a.csv', 'x\n1\n2\n3\n'), await put('b.parquet', table(7))];
    const all = await chunksOf(files, { rows: 2 });
    const rest = await chunksOf(files, { rows: 2, done: [0, 3] });
    expect(rest.map(({ first, rows, bytes }) => [first, rows, bytes])).toEqual(
      all.map(({ first, rows, bytes }) => [first, rows, bytes]),
    );
    expect(rest.map(({ columns }) => columns === undefined)).toEqual(
      rest.map((_, at) => at === 0 || at === 3),
    );
    expect(rowsOf(rest[1]!)).toEqual(rowsOf(all[1]!));
  });

  it('are all tables of a folder by name, with the columns that its folders give', async () => {
    await put('data/year=2024/b.csv', 'x\n3\n');
    await put('data/year=2023/a.csv', 'x\n1\n2\n');
    await put('data/_SUCCESS', '');
    await put('data/notes.md', 'no table');
    const rows = (await chunksOf([join(folder, 'data')])).flatMap(rowsOf);
    expect(rows).toEqual([
      { x: '1', year: '2023' },
      { x: '2', year: '2023' },
      { x: '3', year: '2024' },
    ]);
  });

  it('are those of a pattern', async () => {
    for (const name of ['a.csv', 'b.csv', 'deep/c.csv']) await put(name, `x\n${name}\n`);
    const named = async (pattern: string): Promise<unknown[]> =>
      (await chunksOf([join(folder, pattern)])).flatMap(rowsOf).map(({ x }) => x);
    expect(await named('*.csv')).toEqual(['a.csv', 'b.csv']);
    expect(await named('**/*.csv')).toEqual(['a.csv', 'b.csv', 'deep/c.csv']);
    await expect(named('*.tsv')).rejects.toThrow('No file to predict from');
  });

  it('are the images of a folder, whatever else is there', async () => {
    for (const name of ['b/2.PNG', 'a.jpg', 'c.csv', '.hidden.jpg']) await put(name, '');
    const chunks = await chunksOf([folder], { kind: 'vision', rows: 10 });
    expect(chunks.flatMap(rowsOf)).toEqual([
      { path: join(folder, 'a.jpg') },
      { path: join(folder, 'b/2.PNG') },
    ]);
  });
});
