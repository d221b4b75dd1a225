import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { CommandError } from '../errors.js';
import { comparedItems } from './compared-items.js';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'vts-compared-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

async function itemsIn(name: string, content: string): Promise<unknown[]> {
  const data = join(folder, name);
  await writeFile(data, content);
  const items: unknown[] = [];
  const source = { inputs: ['["a.png", 1]'], data, limit: 10 };
  for await (const item of comparedItems({ kind: 'mixed', schema: undefined }, source)) {
    items.push(item);
  }
  return items;
}

it('reads items of several inputs as JSON, one per line', async () => {
  expect(
    await itemsIn('items.txt', '["b.png", 2]\n\n{"image": "c.png", "age": 3}\nd.png\n'),
  ).toEqual([['a.png', 1], ['b.png', 2], { image: 'c.png', age: 3 }, 'd.png']);
});

it('refuses a table of them, and lines that are not JSON', async () => {
  await expect(itemsIn('items.csv', 'a,b\n1,2\n')).rejects.toThrow(CommandError);
  await expect(itemsIn('wrong.txt', '["b.png", 2\n')).rejects.toThrow(CommandError);
});
