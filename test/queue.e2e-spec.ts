import { once } from 'node:events';
import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { Queue } from 'bullmq';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { freePort } from '../bench/load/free-port.js';
import { hasRedis, RedisServer } from './helpers/redis.js';
import { startVts, vts } from './helpers/vts.js';

interface Batch {
  readonly id: string;
  readonly model: string;
  readonly paused: boolean;
  readonly rows?: number;
  readonly chunks: { readonly waiting: number; readonly failed: number };
}

const CHUNKS = 8;

describe.runIf(hasRedis)('vts queue', () => {
  let folder: string;
  let redis: RedisServer;
  let env: NodeJS.ProcessEnv;
  const children: ReturnType<typeof startVts>[] = [];

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'vts-queue-'));
    redis = await RedisServer.start();
    env = { VTS_QUEUE: redis.url, NO_COLOR: '1' };
    await cp('test/fixtures/learners/base_tokenizer/export.pkl', join(folder, 'reviews.pkl'));
    const lines = Array.from({ length: 40 }, (_, i) => `I liked film ${i}`);
    await writeFile(join(folder, 'in.txt'), `${lines.join('\n')}\n`);
  });
  afterEach(async () => {
    await Promise.all(
      children.splice(0).map(async (child) => {
        if (child.exitCode !== null || child.signalCode !== null) return;
        child.kill('SIGKILL');
        await once(child, 'exit');
      }),
    );
  });
  afterAll(async () => {
    await redis.stop();
    await rm(folder, { recursive: true });
  });

  function start(...args: string[]): { ended: Promise<{ code: unknown; stderr: string }> } {
    const child = startVts(args, { cwd: folder, home: folder, env });
    children.push(child);
    let stderr = '';
    child.stderr!.on('data', (chunk: Buffer) => (stderr += chunk.toString()));
    return { ended: once(child, 'close').then(([code]) => ({ code: code as unknown, stderr })) };
  }
  const batch = (out: string) =>
    start('batch', 'reviews.pkl', 'in.txt', '--format', 'lines', '--chunk', '5', '--out', out);
  const worker = (...args: string[]) =>
    start('worker', '--models-dir', folder, '--root', folder, '--workers', '1', ...args);
  const queue = (...args: string[]) => vts(['queue', ...args], { home: folder, env });

  const listed = async (): Promise<Batch[]> =>
    JSON.parse((await queue('list', '-o', 'json')).stdout) as Batch[];

  /** The batch whose chunks are all on the queue. To ask the queue itself takes less than a process. */
  async function batchThatWaits(): Promise<Batch> {
    const connection = { port: redis.port };
    const batches = new Queue('vts-batches', { connection });
    for (let waiting = 0; waiting < CHUNKS; await setTimeout(20)) {
      const [job] = await batches.getWaiting();
      const chunks = job && new Queue(`vts-batch-${job.id}`, { connection });
      waiting = (await chunks?.getWaitingCount()) ?? 0;
      await chunks?.close();
    }
    await batches.close();
    const [found] = await listed();
    expect(found!.chunks.waiting).toBe(CHUNKS);
    return found!;
  }

  it('pauses a batch, and resumes it', async () => {
    const running = batch('paused.csv');
    const { id, model } = await batchThatWaits();
    expect(model).toBe('reviews.pkl');
    expect((await queue('pause', id)).stderr).toBe(
      `Batch ${id} is paused. "vts queue resume ${id}" continues it.\n`,
    );
    const port = await freePort();
    worker('--metrics-port', String(port));
    const metrics = async (): Promise<string> =>
      (await fetch(`http://localhost:${port}/metrics`)).text();
    const listens = async (): Promise<string> => (await queue('show', id)).stdout;
    await expect.poll(listens, { timeout: 20_000, interval: 100 }).toContain('Workers           1');
    expect(await metrics()).toContain('vts_batch_chunks{model="reviews.pkl",state="waiting"} 8');
    expect(await listed()).toMatchObject([{ id, paused: true, chunks: { waiting: CHUNKS } }]);
    expect((await queue('list')).stdout).toMatch(/paused +0 +0\.00 % +1 +8 +0 +0/);
    expect((await queue('resume', id)).code).toBe(0);
    expect(await running.ended).toMatchObject({ code: 0 });
    expect(await metrics()).toMatch(/^vts_batch_rows_total\{model="reviews.pkl"\} 40$/m);
    expect((await fetch(`http://localhost:${port}/readyz`)).status).toBe(200);
    expect((await readFile(join(folder, 'paused.csv'), 'utf8')).trim().split('\n')).toHaveLength(
      41,
    );
  });

  it('cancels a batch, and the same command resumes it', async () => {
    const running = batch('cancelled.csv');
    const { id } = await batchThatWaits();
    expect((await queue('cancel', id)).code).toBe(0);
    const { code, stderr } = await running.ended;
    expect([code, stderr]).toEqual([1, expect.stringContaining('was cancelled')]);
    expect(JSON.parse((await queue('list', '-o', 'json')).stdout)).toEqual([]);
    worker();
    expect(await batch('cancelled.csv').ended).toMatchObject({ code: 0 });
  });

  it('refuses wrong ids and addresses, and skips foreign jobs', async () => {
    expect((await queue('show', '../x')).stderr).toMatch(/^vts: No batch \.\.\/x is on the queue/);
    const other = await queue('list', '--queue', 'redis://user:secret@localhost:1');
    expect(other.code).toBe(1);
    expect(other.stderr).toMatch(/^vts: .*localhost:1/);
    expect(other.stderr).not.toContain('secret');
    const none = await vts(['queue', 'list'], { home: folder, env: { VTS_QUEUE: '' } });
    expect(none.code).not.toBe(0);
    const foreign = new Queue('vts-batches', { connection: { port: redis.port } });
    await foreign.add('batch', { v: 1, id: '__proto__', root: '/etc' }, { jobId: 'foreign' });
    await foreign.close();
    expect(JSON.parse((await queue('list', '-o', 'json')).stdout)).toEqual([]);
  });
});
