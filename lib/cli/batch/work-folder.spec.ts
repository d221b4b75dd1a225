import { existsSync } from 'node:fs';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { WorkFolder } from './work-folder.js';

let folder: string;
let output: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'vts-work-'));
  output = join(folder, 'out.csv');
});
afterEach(() => rm(folder, { recursive: true }));

const MANIFEST = { model: ['m:1', [1, 2]], options: { keep: undefined, chunk: 2 } };
const take = (manifest: object = MANIFEST, restart = false): Promise<WorkFolder> =>
  WorkFolder.take({ output }, { ...manifest }, restart);

describe('The folder of finished chunks', () => {
  it('is reused by the same work, and discarded on request', async () => {
    const first = await take();
    await first.finish(3, '{"row":1}\n', (path) => writeFile(path, 'rows'));
    await first.release();
    const second = await take();
    expect([second.isDone(3), second.isDone(2), second.done]).toEqual([true, false, 1]);
    expect(await readFile(second.rowsOf(3), 'utf8')).toBe('rows');
    expect(await readFile(second.errorsOf(3), 'utf8')).toBe('{"row":1}\n');
    await second.release();
    const third = await take(MANIFEST, true);
    expect([third.done, existsSync(third.rowsOf(3))]).toEqual([0, false]);
    await third.remove();
    expect(existsSync(third.path)).toBe(false);
  });

  it('refuses other work, and names the difference', async () => {
    await (await take()).release();
    const other = { ...MANIFEST, options: { chunk: 3 } };
    await expect(take(other)).rejects.toThrow('has begun with another options');
    // The refusal leaves it free.
    await (await take()).release();
  });

  it('has one process at a time; one that is dead has left it', async () => {
    const first = await take();
    await expect(take()).rejects.toThrow('Another process works on');
    const lock = join(first.path, 'lock');
    // No process has this number.
    const dead = { ...(JSON.parse(await readFile(lock, 'utf8')) as object), pid: 2 ** 30 };
    await writeFile(lock, JSON.stringify(dead));
    await (await take()).release();
    const both = await Promise.allSettled([take(), take()]);
    expect(both.map(({ status }) => status).toSorted()).toEqual(['fulfilled', 'rejected']);
  });

  it('does not count a chunk as finished if its rows were not written', async () => {
    const first = await take();
    const failing = first.finish(0, 'x\n', () => Promise.reject(new Error('disk full')));
    await expect(failing).rejects.toThrow('disk full');
    await first.release();
    expect((await take()).isDone(0)).toBe(false);
  });
});
