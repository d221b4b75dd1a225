import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { FolderLock, type LockTimes } from './folder-lock.js';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'vts-lock-'));
});
afterEach(() => rm(folder, { recursive: true }));

const QUICK: LockTimes = { beatMs: 20, leaseMs: 600 };
/** One that does not beat any more while the test runs. */
const STILL: LockTimes = { beatMs: 3_600_000, leaseMs: 600 };
const take = (machine: string, times = QUICK): Promise<FolderLock> =>
  FolderLock.take(folder, 'out.csv', `${machine} boot pid:[1]`, times);

/** The number of a process that has ended. */
async function deadPid(): Promise<number> {
  const child = spawn(process.execPath, ['-e', '']);
  await once(child, 'close');
  return child.pid!;
}

/** A lock that a process of a machine has left behind. */
async function leave(machine: string): Promise<void> {
  const holder = {
    machine: `${machine} boot pid:[1]`,
    pid: await deadPid(),
    token: 'x',
    beat: '1',
  };
  await writeFile(join(folder, 'lock'), JSON.stringify(holder));
}

describe('The lock of a folder', () => {
  it('is acquired if the previous process has just removed the folder', async () => {
    await rm(folder, { recursive: true });
    const lock = await take('here');
    await lock.check();
    expect(await readdir(folder)).toEqual(['lock']);
    await lock.release();
  });

  it('belongs to one process of all machines while that process lives', async () => {
    const first = await take('a');
    await expect(take('a')).rejects.toThrow('Another process works on out.csv');
    await expect(take('b')).rejects.toThrow('Another process on a works on out.csv');
    await first.check();
    await first.release();
    const second = await take('b');
    await expect(take('a')).rejects.toThrow('on b');
    await second.release();
    expect(await readdir(folder)).toEqual([]);
  });

  it('is taken over at once from a dead process of the same machine', async () => {
    await leave('a');
    const lock = await take('a', { ...QUICK, leaseMs: 3_600_000 });
    await lock.check();
    await lock.release();
  });

  it('is taken over from a silent process of another machine, which notices it', async () => {
    const away = await take('a', STILL);
    const lock = await take('b');
    await lock.check();
    await expect(away.check()).rejects.toThrow('Another process has taken over out.csv');
    // It does not take the lock away that is not its own.
    await away.release();
    await expect(take('c')).rejects.toThrow('on b');
    await lock.release();
  });

  it('goes to one of several waiting processes', async () => {
    await leave('a');
    const all = await Promise.allSettled(['b', 'c', 'd', 'e'].map((name) => take(name)));
    const taken = all.flatMap((one) => (one.status === 'fulfilled' ? [one.value] : []));
    expect(taken).toHaveLength(1);
    await taken[0]!.check();
    await taken[0]!.release();
    expect(await readdir(folder)).toEqual([]);
  });

  it('always has a complete text at each heartbeat', async () => {
    const lock = await take('a', { ...QUICK, beatMs: 1 });
    const path = join(folder, 'lock');
    const first = await readFile(path, 'utf8');
    await expect.poll(() => readFile(path, 'utf8')).not.toBe(first);
    for (let i = 0; i < 300; i++) {
      expect(Object.keys(JSON.parse(await readFile(path, 'utf8')) as object)).toHaveLength(4);
    }
    await lock.release();
  });

  it.each(['', '12345', '{"pid":1}', 'null'])('is taken over if it says "%s"', async (text) => {
    await writeFile(join(folder, 'lock'), text);
    await (await take('a')).release();
  });
});
