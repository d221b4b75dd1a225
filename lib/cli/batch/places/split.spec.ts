import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { parquetWriteBuffer } from 'hyparquet-writer';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Chunk } from '../chunk.js';
import { findFiles, type InputFormat } from '../files.js';
import { readChunks } from '../read-chunks.js';
import { RowFilter } from '../where/row-filter.js';
import { readPlace } from './read-place.js';
import { splitFiles } from './split.js';
import { unpackedPath } from './unpack.js';

let folder: string;
let inbox: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'vts-split-'));
  inbox = await mkdtemp(join(tmpdir(), 'vts-inbox-'));
});
afterEach(async () => {
  for (const each of [folder, inbox]) await rm(each, { recursive: true });
});

/** What is in a chunk; how much of the file has been read is a matter of how. */
const content = ({ bytes: _, ...chunk }: Chunk): object => chunk;

interface Given {
  readonly format?: InputFormat;
  readonly where?: RowFilter;
  readonly limit?: number;
}

/** Chunks of places, which are those of the whole, read by workers. */
async function chunksOf(name: string, rows: number, given: Given = {}): Promise<object[]> {
  const { format, where, limit = Infinity } = given;
  const files = await findFiles([join(folder, name)], 'text', format);
  const expected: object[] = [];
  let left = limit;
  for await (const chunk of readChunks(files, { rows, wanted: () => true }, undefined, where)) {
    expected.push({ ...content(chunk), take: Math.min(chunk.rows, left) });
    left -= chunk.rows;
    if (left <= 0) break;
  }
  const found: object[] = [];
  for await (const place of splitFiles(files, { rows, limit, where, folder: inbox })) {
    const chunk = await readPlace(place, rows, undefined, (each) => ({
      path: unpackedPath(inbox, each),
    }));
    const some = where?.apply(chunk) ?? chunk;
    found.push({ ...content(some), take: Math.min(some.rows, place.take) });
  }
  expect(found).toEqual(expected);
  return found;
}

/** So long that it is read in several blocks, at whose ends are characters of several bytes. */
const LONG = Array.from(
  { length: 9000 },
  (_, at) => `"${at} é𝄞\n ""x"", ${'ß'.repeat(at % 23)}",${at}`,
);

describe('The places of chunks', () => {
  it.each<[string, string]>([
    ['quoted cells', 'a,b\n"1\n2","x ""y"""\n3,4\n5,6\n"7",8'],
    ['ends of lines of Windows', 'a,b\r\n1,2\r\n\r\n"3\r\n",4\r\n5,6\r\n'],
    ['ends of lines of old', 'a,b\r1,2\r3,4\r5,6\r'],
    ['a byte order mark', '\ufeffa,b\n1,2\n3,4\n5,6\n'],
    ['a byte order mark before quotation marks', '\ufeff"a",b\n1,2\n"\ufeff3",4\n5,6\n'],
    ['another delimiter', 'a;b\n1;"2;3"\n4;5\n6;7\n'],
    ['empty lines', '\n\na,b\n\n1,2\n\n\n3,4\n\n5,6\n\n\n'],
    ['faulty quotation marks', 'a,b\n1"2,3\n"4"5,6\n7,8\n"9,10\n11,12\n'],
    ['lines of other lengths', 'a,b\n1\n2,3,4\n5,6\n'],
    ['long cells', `a,b\n${LONG.join('\n')}\n`],
    ['no rows', 'a,b\n'],
  ])('of CSV with %s give the same rows as the whole file', async (_, text) => {
    await writeFile(join(folder, 'a.csv'), text);
    const chunks = await chunksOf('a.csv', text.length > 10_000 ? 1000 : 2);
    if (text.length > 20) expect(chunks.length).toBeGreaterThan(0);
  });

  it('of TSV give the same rows as the whole file', async () => {
    await writeFile(join(folder, 'a.tsv'), 'a\tb\n1,2\t"3\t4"\n5\t6\n7\t8\n');
    expect(await chunksOf('a.tsv', 2)).toHaveLength(2);
  });

  it.each([
    ['jsonl', '\ufeff{"a":1}\n\n{"b":"é"}\r\n \u00a0 \n3\nbad\n\ufeff{"c":2}\n{"d":1}'],
    ['jsonl', `${LONG.map((line) => JSON.stringify({ line })).join('\n')}\n`],
    ['txt', 'one\n\n  two\r\n\u3000\n\ufeffthree\nfour\nfive'],
  ])('of lines (.%s) give the same rows as the whole file', async (format, text) => {
    await writeFile(join(folder, `a.${format}`), text);
    const chunks = await chunksOf(`a.${format}`, text.length > 10_000 ? 700 : 2);
    expect(chunks.length).toBeGreaterThan(1);
  });

  it('of bytes that are not UTF-8 are refused like the whole file', async () => {
    const bytes = Buffer.from('a,b\n1,\xe9\n\xc3,2\n3,\xf0\x9d\n4,5\n', 'latin1');
    await writeFile(join(folder, 'a.csv'), bytes);
    await writeFile(join(folder, 'a.txt'), bytes);
    await expect(chunksOf('a.csv', 1)).rejects.toThrow('a.csv is not UTF-8');
    await expect(chunksOf('a.txt', 1)).rejects.toThrow('a.txt is not UTF-8');
  });

  it('of Parquet and of several files give the same rows as the whole files', async () => {
    const columnData = [
      { name: 'a', data: Array.from({ length: 25 }, (_, at) => at) },
      { name: 'b', data: Array.from({ length: 25 }, (_, at) => (at % 3 ? `t${at}` : null)) },
    ];
    for (const name of ['1', '2']) {
      const bytes = parquetWriteBuffer({ columnData, rowGroupSize: 10 });
      await writeFile(join(folder, `${name}.parquet`), new Uint8Array(bytes));
    }
    await writeFile(join(folder, '3.csv'), 'a,b\n1,2\n3,4\n5,6\n');
    expect(await chunksOf('.', 4)).toHaveLength(17);
  });

  it('of files that are one item each contain the files', async () => {
    for (const name of 'abcde') await writeFile(join(folder, `${name}.txt`), name);
    expect(await chunksOf('.', 2)).toHaveLength(3);
  });

  it.each(['csv', 'jsonl', 'txt'])('of compressed files (.%s.gz) give the same', async (kind) => {
    const lines = LONG.map((line) => (kind === 'jsonl' ? JSON.stringify({ line }) : line));
    const text = `a,b\n${lines.join('\n')}\n`;
    await writeFile(join(folder, `a.${kind}.gz`), gzipSync(text));
    const chunks = await chunksOf(`a.${kind}.gz`, 2000);
    expect(chunks.length).toBeGreaterThan(4);
    // An earlier run has unpacked it.
    expect(await readdir(inbox)).toEqual(['unpacked-0']);
    expect(await chunksOf(`a.${kind}.gz`, 2000)).toEqual(chunks);
    const files = await findFiles([join(folder, `a.${kind}.gz`)], 'text');
    await rm(join(inbox, 'unpacked-0'));
    await writeFile(join(folder, `a.${kind}.gz`), gzipSync(text).subarray(0, 2000));
    const options = { rows: 2000, limit: Infinity, folder: inbox };
    await expect(splitFiles(files, options).next()).rejects.toThrow('is not a complete gzip file');
    expect(await readdir(inbox)).toEqual([]);
  });

  it.each([Infinity, 1, 7, 8])('with a condition take rows up to a limit of %d', async (limit) => {
    const rows = Array.from({ length: 40 }, (_, at) => `${at},${at % 3 === 0 ? '' : at % 7}`);
    await writeFile(join(folder, 'a.csv'), `id,n\n${rows.join('\n')}\n1,2,3\n`);
    const columnData = [
      { name: 'id', data: rows.map((_, at) => at) },
      { name: 'n', data: rows.map((_, at) => (at % 5 ? at % 7 : null)) },
    ];
    const bytes = parquetWriteBuffer({ columnData, rowGroupSize: 15 });
    await writeFile(join(folder, 'b.parquet'), new Uint8Array(bytes));
    const chunks = await chunksOf('.', 4, { where: new RowFilter('n > 3'), limit });
    const takes = chunks.map((chunk) => (chunk as { take: number }).take);
    const all = rows.filter((_, at) => at % 7 > 3);
    const expected = all.filter((row) => !row.endsWith(',')).length + 1;
    const others = all.filter((row) => Number(row.split(',')[0]) % 5).length;
    expect(takes.reduce((sum, take) => sum + take)).toBe(Math.min(limit, expected + others));
  });

  it('end at the limit', async () => {
    await writeFile(join(folder, 'a.csv'), 'a\n1\n2\n3\n4\n5\n6\n');
    const files = await findFiles([join(folder, 'a.csv')], 'text');
    const takes: number[][] = [];
    const options = { rows: 2, limit: 3, folder: inbox };
    for await (const { rows, take } of splitFiles(files, options)) takes.push([rows, take]);
    expect(takes).toEqual([
      [2, 2],
      [2, 1],
    ]);
  });
});
