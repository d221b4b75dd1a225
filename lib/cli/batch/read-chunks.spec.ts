import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { parquetReadObjects } from 'hyparquet';
import { parquetWriteBuffer } from 'hyparquet-writer';
import { CommandError } from '../errors.js';
import { availableColumns } from './available-columns.js';
import { cellOf, rowNumber, type Chunk } from './chunk.js';
import { findFiles } from './files.js';
import { readChunks } from './read-chunks.js';
import { RowFilter } from './where/row-filter.js';

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

  it('report a line with more cells than columns', async () => {
    const [chunk] = await chunksOf([await put('table.csv', 'a,b\n1,2\n1,2,3\n')]);
    expect([...chunk!.faults]).toEqual([[1, expect.stringContaining('3 cells')]]);
  });

  it.each(['a.csv', 'a.jsonl', 'a.txt'])('are those of a gzip file, %s', async (name) => {
    const text = name === 'a.jsonl' ? '{"x":"é"}\n{"x":2}\n' : 'x\né\n2\n';
    const plain = await chunksOf([await put(name, text)]);
    const packed = await chunksOf([await put(`${name}.gz`, gzipSync(text))]);
    expect(packed.flatMap(rowsOf)).toEqual(plain.flatMap(rowsOf));
    const cut = chunksOf([await put(`${name}.gz`, gzipSync(text).subarray(0, 20))]);
    await expect(cut).rejects.toThrow('is not a complete gzip file');
  });

  it.each(['a.csv', 'a.jsonl', 'a.txt'])('refuse bytes that are not UTF-8, of %s', async (name) => {
    const bytes = Buffer.from('x\n\xe9\n', 'latin1');
    await expect(chunksOf([await put(name, bytes)])).rejects.toThrow('is not UTF-8. Convert it');
  });

  it('are the rows that meet a condition, with their positions', async () => {
    const path = await put('table.parquet', table(7));
    const files = await findFiles([path], 'tabular');
    const where = new RowFilter("sex = 'F' OR age >= 2.5");
    const options = { rows: 3, wanted: () => false };
    const numbers: [unknown, number][] = [];
    for await (const chunk of readChunks(files, options, undefined, where)) {
      rowsOf(chunk).forEach(({ id }, row) => numbers.push([id, rowNumber(chunk, row)]));
    }
    expect(numbers).toEqual([0, 3, 5, 6].map((id) => [id, id + 1]));
  });

  it('have the columns of all files and of all JSON lines', async () => {
    await put('a.csv', 'x,y\n1,2\n');
    await put('b.jsonl', '{"x":1}\nbad\n"alone"\n{"z":1,"__proto__":2}\n');
    await put('year=1/c.parquet', table(2));
    const files = await findFiles([folder], 'tabular');
    expect(await availableColumns(files, Infinity)).toEqual(
      'x y item z __proto__ id age sex year'.split(' '),
    );
    expect(await availableColumns(files, 1)).toEqual(['x', 'y']);
    const wide = Array.from({ length: 10_001 }, (_, at) => `c${at}`).join(',');
    const many = await findFiles([await put('wide.csv', `${wide}\n`)], 'tabular');
    await expect(availableColumns(many, 1)).rejects.toThrow('more than 10000 columns');
  });

  it('read from Parquet pages equal those of a reader of the whole file', async () => {
    const rows = Array.from({ length: 3000 }, (_, at) => at);
    const bytes = parquetWriteBuffer({
      columnData: [
        { name: 'id', data: rows.map(BigInt), type: 'INT64' },
        { name: 'big', data: rows.map((at) => 2n ** 60n + BigInt(at)), type: 'INT64' },
        { name: 'gap', data: rows.map((at) => (at % 7 ? at / 3 : null)), type: 'DOUBLE' },
        { name: 'text', data: rows.map((at) => `text ${at}`), type: 'STRING' },
        { name: 'few', data: rows.map((at) => ['a', 'b', null][at % 3]), type: 'STRING' },
        { name: 'day', data: rows.map((at) => new Date(at * 1e9)), type: 'TIMESTAMP' },
        { name: 'flag', data: rows.map((at) => at % 2 === 0), type: 'BOOLEAN' },
      ],
      rowGroupSize: 2000,
      pageSize: 1000,
    });
    const path = await put('pages.parquet', new Uint8Array(bytes));
    const whole = await parquetReadObjects({ file: bytes });
    const expected = whole.map((row) => ({ ...row, id: Number(row['id']) }));
    expect((await chunksOf([path], { rows: 700 })).flatMap(rowsOf)).toEqual(expected);
    const some = await chunksOf([path], { rows: 700, done: [0, 1, 3] });
    expect(some.filter(({ columns }) => columns).flatMap(rowsOf)).toEqual([
      ...expected.slice(1400, 2000),
      ...expected.slice(2700),
    ]);
  });

  it('refuse an empty table and a duplicate column name', async () => {
    await expect(chunksOf([await put('empty.csv', '')])).rejects.toThrow(CommandError);
    await expect(chunksOf([await put('twice.csv', 'a,a\n1,2\n')])).rejects.toThrow('"a" twice');
  });

  it('are JSON lines: rows and items', async () => {
    const text = '{"a":1}\n\n{"b":[2]}\nnot json\n"item"\n';
    const chunks = await chunksOf([await put('rows.jsonl', text)], { rows: 3 });
    expect(chunks.map(({ rows }) => rows)).toEqual([3, 1]);
    expect(rowsOf(chunks[0]!)).toEqual([{ a: 1 }, { b: [2] }, {}]);
    expect([...chunks[0]!.faults.keys()]).toEqual([2]);
    expect(rowsOf(chunks[1]!)).toEqual([{ item: 'item' }]);
  });

  it('are Parquet rows with missing cells, cut at row groups', async () => {
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

  it('refuse a file that is not Parquet', async () => {
    const path = await put('table.parquet', 'PAR1 and nothing more PAR1');
    await expect(chunksOf([path])).rejects.toThrow('is not a readable Parquet file');
  });

  it('are the same if some are skipped, whose cells are not read', async () => {
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

  it('are all tables of a folder by name, with the columns from folder names', async () => {
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

  it('are the images of a folder, whatever else it contains', async () => {
    for (const name of ['b/2.PNG', 'a.jpg', 'c.csv', '.hidden.jpg']) await put(name, '');
    const chunks = await chunksOf([folder], { kind: 'vision', rows: 10 });
    expect(chunks.flatMap(rowsOf)).toEqual([
      { path: join(folder, 'a.jpg') },
      { path: join(folder, 'b/2.PNG') },
    ]);
  });
});
