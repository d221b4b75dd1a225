import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parquetWriteBuffer } from 'hyparquet-writer';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Chunk } from '../chunk.js';
import { findFiles, type InputFormat } from '../files.js';
import { readChunks } from '../read-chunks.js';
import { readPlace } from './read-place.js';
import { splitFiles } from './split.js';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'vts-split-'));
});
afterEach(() => rm(folder, { recursive: true }));

/** What is in a chunk; how much of the file has been read is a matter of how. */
const content = ({ bytes: _, ...chunk }: Chunk): object => chunk;

async function chunksOf(name: string, rows: number, format?: InputFormat): Promise<object[]> {
  const files = await findFiles([join(folder, name)], 'text', format);
  const expected: object[] = [];
  for await (const chunk of readChunks(files, { rows, wanted: () => true })) {
    expected.push(content(chunk));
  }
  const found: object[] = [];
  for await (const place of splitFiles(files, rows, Infinity)) {
    found.push(content(await readPlace(place, rows, undefined)));
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
  ])('of CSV with %s give what the whole gives', async (_, text) => {
    await writeFile(join(folder, 'a.csv'), text);
    const chunks = await chunksOf('a.csv', text.length > 10_000 ? 1000 : 2);
    if (text.length > 20) expect(chunks.length).toBeGreaterThan(0);
  });

  it('of TSV give what the whole gives', async () => {
    await writeFile(join(folder, 'a.tsv'), 'a\tb\n1,2\t"3\t4"\n5\t6\n7\t8\n');
    expect(await chunksOf('a.tsv', 2)).toHaveLength(2);
  });

  it.each([
    ['jsonl', '\ufeff{"a":1}\n\n{"b":"é"}\r\n \u00a0 \n3\nbad\n\ufeff{"c":2}\n{"d":1}'],
    ['jsonl', `${LONG.map((line) => JSON.stringify({ line })).join('\n')}\n`],
    ['txt', 'one\n\n  two\r\n\u3000\n\ufeffthree\nfour\nfive'],
  ])('of lines (.%s) give what the whole gives', async (format, text) => {
    await writeFile(join(folder, `a.${format}`), text);
    const chunks = await chunksOf(`a.${format}`, text.length > 10_000 ? 700 : 2);
    expect(chunks.length).toBeGreaterThan(1);
  });

  it('of bytes that are not UTF-8 are refused as the whole is', async () => {
    const bytes = Buffer.from('a,b\n1,\xe9\n\xc3,2\n3,\xf0\x9d\n4,5\n', 'latin1');
    await writeFile(join(folder, 'a.csv'), bytes);
    await writeFile(join(folder, 'a.txt'), bytes);
    await expect(chunksOf('a.csv', 1)).rejects.toThrow('a.csv is not UTF-8');
    await expect(chunksOf('a.txt', 1)).rejects.toThrow('a.txt is not UTF-8');
  });

  it('of Parquet and of several files give what the whole gives', async () => {
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

  it('of files that are an item each have the files', async () => {
    for (const name of 'abcde') await writeFile(join(folder, `${name}.txt`), name);
    expect(await chunksOf('.', 2)).toHaveLength(3);
  });

  it('end at the limit', async () => {
    await writeFile(join(folder, 'a.csv'), 'a\n1\n2\n3\n4\n5\n6\n');
    const files = await findFiles([join(folder, 'a.csv')], 'text');
    const takes: number[][] = [];
    for await (const { rows, take } of splitFiles(files, 2, 3)) takes.push([rows, take]);
    expect(takes).toEqual([
      [2, 2],
      [2, 1],
    ]);
  });
});
