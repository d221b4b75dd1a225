import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync } from 'node:fs';
import { mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import { Queue } from 'bullmq';
import { ModelStore } from 'nestjs-vts';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { hasRedis, RedisServer } from './helpers/redis.js';
import { S3Server } from './helpers/s3-server.js';
import { saveKinds } from './helpers/served-kinds.js';
import { startVts, vts } from './helpers/vts.js';

const IMAGES = fileURLToPath(new URL('./fixtures/vision/images', import.meta.url));

interface Running {
  readonly child: ChildProcess;
  stderr: string;
  readonly ended: Promise<number | null>;
}

describe.runIf(hasRedis)('vts batch over several machines on S3', () => {
  const home = mkdtempSync(join(tmpdir(), 'vts-batch-queue-s3-'));
  const data = join(home, 'data');
  const at = (name: string): string => join(data, name);
  const running: Running[] = [];
  let redis: RedisServer;
  let server: S3Server;

  beforeAll(async () => {
    [redis, server] = await Promise.all([RedisServer.start(), S3Server.start('data', 'out')]);
    await saveKinds(new ModelStore(home), ['text', 'picture', 'mask']);
    await mkdir(at('photos'), { recursive: true });
    const rows = Array.from({ length: 400 }, (_, id) => `${id},"Text é ${id},\n""really"""\n`);
    const csv = `id,text\n${rows.join('')}`;
    await writeFile(at('texts.csv'), csv);
    await writeFile(at('packed.csv.gz'), gzipSync(csv));
    const image = await readFile(join(IMAGES, 'q90.jpg'));
    for (let i = 0; i < 6; i++) await writeFile(at(`photos/${i} é.jpg`), image);
    await writeFile(at('photos/broken.jpg'), image.subarray(0, 90));
    const named = ['0 é', '../photos/1 é', 'broken', 'none'].map((name) => `photos/${name}.jpg`);
    await writeFile(at('photos.csv'), `image\n${named.join('\n').replace('photos/..', '.')}\n`);
    for (const entry of await readdir(data, { recursive: true, withFileTypes: true })) {
      const path = join(entry.parentPath, entry.name);
      if (entry.isFile()) server.put(`s3://data/${relative(data, path)}`, await readFile(path));
    }
  }, 120_000);
  afterEach(async () => {
    for (const { child, ended } of running.splice(0)) {
      child.kill('SIGKILL');
      await ended;
    }
    const queue = new Queue('vts-batches', { connection: { port: redis.port } });
    await queue.obliterate({ force: true });
    await queue.close();
    server.fault = () => undefined;
    server.asked.length = 0;
  });
  afterAll(async () => {
    await redis?.stop();
    await server?.close();
    await rm(home, { recursive: true });
  });

  function start(...args: readonly string[]): Running {
    const child = startVts([...args, '--queue', redis.url], { home, env: server.env });
    const ended = once(child, 'close').then(([code]) => code as number | null);
    const started: Running = { child, stderr: '', ended };
    child.stdout?.resume();
    child.stderr?.on('data', (text: Buffer) => (started.stderr += text.toString()));
    running.push(started);
    return started;
  }
  const worker = (...roots: string[]): Running =>
    start('worker', '--workers', '1', ...roots.flatMap((root) => ['--root', root]));
  const both = (): Running => worker('s3://data', 's3://out/deep/');
  async function batch(...args: string[]): Promise<string> {
    const each = start('batch', ...args);
    expect([await each.ended, each.stderr]).toEqual([0, expect.any(String)]);
    return each.stderr;
  }
  const alone = async (...args: string[]): Promise<string> => {
    const { code, stderr } = await vts(['batch', '--workers', '1', ...args], {
      home,
      env: server.env,
    });
    expect([code, stderr]).toEqual([0, expect.any(String)]);
    return stderr;
  };
  const says = (each: Running, text: string): Promise<void> =>
    expect.poll(() => each.stderr, { timeout: 20_000 }).toContain(text);
  /** @returns The id of the batch. */
  async function chunksWait(count: number): Promise<string> {
    const connection = { port: redis.port };
    const marks = (): string[] => keys('/batch.json');
    await expect.poll(marks, { timeout: 20_000 }).toHaveLength(1);
    const [, id] = /in-(\w+)/.exec(marks()[0]!)!;
    const chunks = new Queue(`vts-batch-${id}`, { connection });
    await expect.poll(() => chunks.getWaitingCount(), { timeout: 20_000 }).toBe(count);
    await chunks.close();
    return id!;
  }
  const keys = (part: string): string[] =>
    [...server.objects.keys()].filter((key) => key.includes(part));

  it('gives the same bytes as one process, whatever is killed', async () => {
    const texts = ['text', 's3://data/texts.csv', '--chunk', '5'];
    const told = await alone(...texts, '--out', 's3://out/deep/alone.parquet');
    const workers = [both(), both()];
    const queued = ['batch', ...texts, '--out', 's3://out/deep/queued.parquet'];
    const first = start(...queued);
    const work = join(home, 'batches');
    const done = async (): Promise<number> =>
      (await readdir(work, { recursive: true }).catch(() => [])).filter((name) =>
        /queued\.parquet\.\w+\.vts-batch\/\d+\.rows$/.test(name),
      ).length;
    await expect.poll(done, { timeout: 20_000 }).toBeGreaterThan(2);
    workers[0]!.child.kill('SIGKILL');
    first.child.kill('SIGKILL');
    await first.ended;
    // The other one goes on, and its chunks wait on S3.
    await expect.poll(() => keys('/chunks/').length, { timeout: 20_000 }).toBeGreaterThan(0);
    both();
    expect(await batch(...queued.slice(1))).toContain(
      told.split(' predicted')[0]!.split('\n').at(-1)!,
    );
    expect(server.get('out/deep/queued.parquet')).toEqual(server.get('out/deep/alone.parquet'));
    expect(keys('.vts-batch')).toEqual([]);
    expect((await readdir(work)).filter((name) => name.includes('queued'))).toEqual([]);
  }, 90_000);

  it.each<[string, string, string, string, string[]]>([
    ['images, with masks', 'mask', 's3://data/photos/', 's3://out/deep/m.csv', []],
    [
      'gzip with a condition',
      ...(['text', 's3://data/packed.csv.gz', 's3://out/deep/g.csv'] as const),
      ['--where', 'id >= 30', '--limit', '20'],
    ],
    ['gzip into a folder', 'text', 's3://data/packed.csv.gz', 'g.csv', ['--limit', '30']],
    ['images that a file names', 'picture', 'photos.csv', 's3://out/deep/f.csv', []],
  ])(
    'gives the same bytes of %s',
    async (_, model, input, out, more) => {
      worker('s3://data/', 's3://out/deep', data);
      const path = (name: string): string => (name.startsWith('s3:') ? name : at(name));
      const args = [model, path(input), '--chunk', '3', ...more];
      const other = out.replace(basename(out), (name) => `over-${name}`);
      const [one, several] = await Promise.all([
        alone(...args, '--out', path(out)),
        batch(...args, '--out', path(other)),
      ]);
      expect(several.split('\n').at(-2)).toBe(
        one.replaceAll(path(out), path(other)).split('\n').at(-2),
      );
      const bytes = async (name: string): Promise<Buffer | undefined> => {
        if (name.startsWith('s3:')) return server.get(name);
        return existsSync(at(name)) ? readFile(at(name)) : undefined;
      };
      const renamed = (await bytes(out))!.toString().replaceAll('m.csv-masks', 'over-m.csv-masks');
      expect((await bytes(other))!.toString()).toBe(renamed);
      expect(await bytes(`${other}.errors.jsonl`)).toEqual(await bytes(`${out}.errors.jsonl`));
      const masks = keys(`/${basename(out)}-masks/`);
      expect(masks).toHaveLength(model === 'mask' ? 6 : 0);
      for (const key of masks) {
        expect(server.get(key.replace('/m.csv', '/over-m.csv'))).toEqual(server.get(key));
      }
      expect(keys('.vts-batch')).toEqual([]);
    },
    60_000,
  );

  it('ends if an object changes, and leaves nothing when it is cancelled', async () => {
    const out = ['--out', 's3://out/deep/changed.csv', '--chunk', '200'];
    const coordinator = start('batch', 'text', 's3://data/texts.csv', ...out);
    await chunksWait(2);
    const before = server.get('data/texts.csv')!;
    server.put('s3://data/texts.csv', Buffer.concat([before, Buffer.from('1,x\n')]));
    both();
    expect([await coordinator.ended, coordinator.stderr]).toEqual([
      1,
      expect.stringContaining('The object s3://data/texts.csv changed while it was read'),
    ]);
    server.put('s3://data/texts.csv', before);
    const [earlier] = keys('/batch.json');
    for (const { child } of running) child.kill('SIGKILL');
    const again = start('batch', 'text', 's3://data/texts.csv', ...out, '--restart');
    await expect.poll(() => keys('.vts-batch').includes(earlier!), { timeout: 20_000 }).toBe(false);
    const id = await chunksWait(2);
    await vts(['queue', 'cancel', id, '--queue', redis.url], { home });
    expect([await again.ended, again.stderr]).toEqual([1, expect.stringContaining('cancelled')]);
    expect(keys('.vts-batch')).toEqual([]);
  }, 60_000);

  it('refuses what is outside its roots, without asking S3 for it', async () => {
    const coordinator = start(
      'batch',
      'text',
      's3://data/texts.csv',
      '--out',
      's3://out/deep/o.csv',
    );
    const connection = { port: redis.port };
    const id = await chunksWait(1);
    const batches = new Queue('vts-batches', { connection });
    const chunks = new Queue(`vts-batch-${id}`, { connection });
    const order = (await batches.getJob(id))!.data as object;
    const [first] = await chunks.getWaiting();
    const chunk = first!.data as { place: { files: Record<string, unknown>[] } };
    coordinator.child.kill('SIGKILL');
    await coordinator.ended;
    await batches.obliterate({ force: true });
    await chunks.obliterate({ force: true });
    server.asked.length = 0;
    const each = both();
    await says(each, 'Listening');
    const orders: [object, string][] = [
      [{ folder: 's3://foreign/x' }, 'The folder s3://foreign/x of the batch is not in s3://data'],
      [{ folder: 's3://out/deep/../x' }, 'batch.folder must be an address s3://bucket/key'],
      [{ folder: 's3://out/deeper/x' }, 'is not in s3://data, s3://out/deep/'],
      [{ output: 's3://out/deep/\n' }, 'batch.output must be an address s3://bucket/key'],
      [{ output: 's3://foreign/x.csv' }, 'The path s3://foreign/x.csv is outside s3://data'],
    ];
    for (const [poison, reason] of orders) {
      each.stderr = '';
      await batches.add('batch', { ...order, ...poison }, { jobId: id });
      await says(each, reason);
      await (await batches.getJob(id))?.remove();
    }
    await batches.add('batch', order, { jobId: id });
    const file = chunk.place.files[0]!;
    const files: [object, string][] = [
      [{ path: 's3://foreign/x.csv' }, 'The path s3://foreign/x.csv is outside s3://data'],
      [{ path: 's3://data-2/x.csv' }, 'is outside s3://data'],
      [{ path: 's3://data/a/../x.csv' }, 'must be an address'],
      [{ path: 'S3://data/x.csv' }, 'must be an address'],
      [{ etag: undefined }, 'etag must be present for an S3 object'],
      [{ etag: 'a"b' }, 'etag must be a text'],
      [{ path: 'etc/passwd' }, 'etag must be present'],
      [{ path: 'etc/passwd', etag: undefined }, 'The path /etc/passwd is outside s3://data'],
    ];
    for (const [number, [poison, reason]] of files.entries()) {
      const place = { ...chunk.place, files: [{ ...file, ...poison }] };
      const data = { ...chunk, place };
      const job = await chunks.add('chunk', data, { jobId: `poison-${number}`, attempts: 3 });
      await expect.poll(() => job.getState(), { timeout: 20_000 }).toBe('failed');
      expect((await chunks.getJob(job.id!))?.failedReason).toContain(reason);
    }
    await chunks.obliterate({ force: true });
    await Promise.all([chunks.close(), batches.close()]);
    const marks = `GET out/deep/o.csv.vts-batch/in-${id}/batch.json`;
    expect(new Set(server.asked)).toEqual(new Set([marks]));
  }, 60_000);
});
