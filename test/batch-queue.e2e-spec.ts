import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync } from 'node:fs';
import {
  copyFile,
  mkdir,
  readdir,
  readFile,
  rename,
  rm,
  symlink,
  writeFile,
} from 'node:fs/promises';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import { Queue } from 'bullmq';
import { ModelStore } from 'nestjs-vts';
import { Learner } from 'nestjs-vts/learner';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { hasRedis, RedisServer } from './helpers/redis.js';
import { learnerFile, saveKinds } from './helpers/served-kinds.js';
import { startVts, vts, type VtsResult } from './helpers/vts.js';

const IMAGES = fileURLToPath(new URL('./fixtures/vision/images', import.meta.url));

/** Has a process take itself for one of another machine. */
const ELSEWHERE = [
  '--import',
  `data:text/javascript,${encodeURIComponent(
    `import os from 'node:os';
     import { syncBuiltinESMExports } from 'node:module';
     os.hostname = () => 'elsewhere';
     syncBuiltinESMExports();`,
  )}`,
];

interface Running {
  readonly child: ChildProcess;
  stderr: string;
  readonly ended: Promise<number | null>;
}

describe.runIf(hasRedis)('vts batch over several machines', () => {
  const home = mkdtempSync(join(tmpdir(), 'vts-batch-queue-'));
  const data = join(home, 'data');
  const at = (name: string): string => join(data, name);
  let redis: RedisServer;
  const running: Running[] = [];
  /** The order of the first batch: what poisoned ones are made of. */
  let order: Record<string, unknown> & { model: object };

  beforeAll(async () => {
    redis = await RedisServer.start();
    await mkdir(at('pictures'), { recursive: true });
    await saveKinds(new ModelStore(home), ['rows', 'picture', 'text', 'mask']);
    await writeRows(at('rows.csv'), 6000);
    for (let i = 0; i < 40; i++) {
      await copyFile(join(IMAGES, i % 2 ? 'q90.jpg' : 'alpha.png'), at(`pictures/${i}.jpg`));
    }
    const broken = readFileSync(join(IMAGES, 'q90.jpg')).subarray(0, 90);
    for (let i = 0; i < 7; i++) await writeFile(at(`pictures/broken-${i}.jpg`), broken);
  }, 120_000);

  afterEach(async () => {
    for (const each of running.splice(0)) {
      each.child.kill('SIGKILL');
      await each.ended;
    }
    const queue = new Queue('vts-batches', { connection: { port: redis.port } });
    await queue.obliterate({ force: true });
    await queue.close();
  });
  afterAll(async () => {
    await redis?.stop();
    await rm(home, { recursive: true });
  });

  /** Rows with cells that are quoted, so that lines are not rows. */
  async function writeRows(path: string, count: number): Promise<void> {
    const learner = await Learner.load(learnerFile('rows'));
    const { columns } = learner.schema;
    const lines = [`id,note,${columns.map(({ name }) => `"${name}"`).join(',')}`];
    for (let id = 0; id < count; id++) {
      const cells = columns.map(({ kind, categories = [], example }) => {
        if (kind === 'number') return String(Number(example) + ((id * 37) % 101) / 7);
        return `"${String(categories[id % categories.length])}"`;
      });
      lines.push(`${id},"note é ${id}\n",${cells.join(',')}`);
    }
    await writeFile(path, `${lines.join('\n')}\n`);
    await learner.release();
  }

  function start(args: readonly string[], from = home): Running {
    const child = startVts(args, { home: from });
    const started: Running = {
      child,
      stderr: '',
      ended: once(child, 'close').then(([code]) => code as number | null),
    };
    child.stdout?.resume();
    child.stderr?.on('data', (text: Buffer) => (started.stderr += text.toString()));
    running.push(started);
    return started;
  }
  const worker = (...args: string[]): Running =>
    start(['worker', '--queue', redis.url, '--root', data, '--workers', '1', ...args]);
  const says = (each: Running, text: string): Promise<void> =>
    expect.poll(() => each.stderr, { timeout: 20_000 }).toContain(text);
  async function batch(...args: string[]): Promise<VtsResult> {
    const each = start(['batch', ...args]);
    return { code: await each.ended, stdout: '', stderr: each.stderr };
  }
  const alone = async (...args: string[]): Promise<void> => {
    const { code, stderr } = await vts(['batch', ...args], { home });
    expect([code, stderr]).toEqual([0, expect.any(String)]);
  };
  const same = async (a: string, b: string): Promise<void> =>
    expect((await readFile(at(a))).equals(await readFile(at(b)))).toBe(true);

  it('gives the same bytes as one process, whatever is killed', async () => {
    const rows = ['rows', at('rows.csv'), '--chunk', '150'];
    await alone(...rows, '--out', at('alone.parquet'));
    const workers = [worker(), worker(), worker()];
    const queued = [...rows, '--out', at('queued.parquet'), '--queue', redis.url];
    const first = start(['batch', ...queued]);
    const folder = at('.queued.parquet.vts-batch');
    const done = async (): Promise<number> =>
      (await readdir(folder).catch(() => [])).filter((name) => name.endsWith('.rows')).length;
    await expect.poll(done, { timeout: 20_000 }).toBeGreaterThan(2);
    const batches = new Queue('vts-batches', { connection: { port: redis.port } });
    order = (await batches.getWaiting())[0]!.data as typeof order;
    await batches.close();
    workers[0]!.child.kill('SIGKILL');
    worker();
    await redis.kill();
    await redis.begin();
    first.child.kill('SIGKILL');
    await first.ended;
    const { code, stderr } = await batch(...queued);
    // One of the categories is none: those rows fail.
    expect([code, stderr]).toEqual([0, expect.stringContaining('4500 rows predicted')]);
    await same('queued.parquet', 'alone.parquet');
    await same('queued.parquet.errors.jsonl', 'alone.parquet.errors.jsonl');
    expect((await readdir(data)).filter((name) => name.includes('vts-batch'))).toEqual([]);
    workers[1]!.child.kill('SIGTERM');
    expect(await workers[1]!.ended).toBe(0);
  }, 90_000);

  it('reports each broken image, with the same bytes if the folder is mounted elsewhere', async () => {
    await alone('picture', at('pictures'), '--out', at('alone.csv'), '--chunk', '5');
    // The same folder under another name, as another machine mounts it.
    await symlink(data, join(home, 'mount'));
    start(['worker', '--queue', redis.url, '--root', join(home, 'mount'), '--workers', '1']);
    const { code, stderr } = await batch(
      ...['picture', at('pictures'), '--out', at('over.csv'), '--root', data],
      ...['--chunk', '5', '--queue', redis.url],
    );
    expect([code, stderr]).toEqual([0, expect.stringContaining('40 rows predicted')]);
    expect(stderr).toContain('7 failed');
    await same('over.csv', 'alone.csv');
    await same('over.csv.errors.jsonl', 'alone.csv.errors.jsonl');
  }, 60_000);

  it('selects rows and reads compressed files, with the same bytes', async () => {
    const lines = Array.from(
      { length: 300 },
      (_, id) => `${id},"I liked\n""${id % 7}""",${id % 5}`,
    );
    await writeFile(at('notes.csv.gz'), gzipSync(`id,text,n\n${lines.join('\n')}\n1,2,3,4\n`));
    worker();
    const given = ['text', at('notes.csv.gz'), '--chunk', '20', '--where', 'n >= 3 AND id > 21'];
    for (const [name, ...more] of [['some.csv'], ['few.jsonl', '--limit', '15']] as const) {
      await alone(...given, ...more, '--out', at(name));
      const out = ['--out', at(`over-${name}`), '--queue', redis.url];
      const { code, stderr } = await batch(...given, ...more, ...out);
      const counted = more.length > 0 ? '15 rows predicted' : '112 rows predicted';
      expect([code, stderr]).toEqual([0, expect.stringContaining(counted)]);
      await same(`over-${name}`, name);
    }
    await same('over-some.csv.errors.jsonl', 'some.csv.errors.jsonl');
  }, 60_000);

  it('says at once which model is missing, and takes the batch when it is imported', async () => {
    const empty = join(home, 'empty');
    const poor = start(
      ['worker', '--queue', redis.url, '--root', data, '--home', empty, '--workers', '1'],
      empty,
    );
    await writeFile(at('texts.txt'), 'I liked it\nI hated it\n');
    const args = ['batch', 'text', at('texts.txt'), '--out', at('texts.csv'), '--queue', redis.url];
    const coordinator = start(args);
    await says(poor, 'is not here');
    await says(coordinator, '1 worker listens, and none can predict by text:');
    const second = await vts(args, { home, node: ELSEWHERE });
    const refusal = `Another process on ${hostname()} works on`;
    expect([second.code, second.stderr]).toEqual([1, expect.stringContaining(refusal)]);
    const { child } = worker();
    expect(await coordinator.ended).toBe(0);
    child.kill('SIGTERM');
  }, 60_000);

  it('answers each poisoned payload with an error, and works on', async () => {
    const each = worker();
    await says(each, 'Listening');
    const connection = { port: redis.port };
    const batches = new Queue('vts-batches', { connection });
    const id = 'ab'.repeat(8);
    const inbox = at('.poison.vts-batch/in');
    await mkdir(inbox, { recursive: true });
    await writeFile(join(inbox, 'batch.json'), JSON.stringify({ id }));
    const add = (data: unknown, jobId = id): Promise<unknown> =>
      batches.add('batch', data, { jobId });
    const below = (path: string): string => path.slice(1);
    const good = { ...order, id, folder: below(inbox), output: below(at('poisoned.csv')) };
    const poisons: [unknown, string][] = [
      ['text', 'batch must be an object'],
      [JSON.parse(`{"__proto__":{"v":1}}`), 'without the key "__proto__"'],
      [{ ...good, v: 2 }, 'batch.v must be 1'],
      [{ ...good, chunkRows: 1e300 }, 'batch.chunkRows must be a whole number'],
      [{ ...good, folder: '../../etc' }, 'batch.folder must be a text'],
      [{ ...good, folder: 'etc' }, 'is not in'],
      [{ ...good, version: '0.0.1' }, 'is of version 0.0.1'],
      [{ ...good, model: { ...good.model, digest: '0'.repeat(64) } }, 'is not here'],
      [{ ...good, where: 'x ='.repeat(9) }, 'needs AND, OR or the end'],
      [{ ...good, where: 'x'.repeat(10_001) }, 'batch.where must be a text'],
      [{ ...good, id: 'cd'.repeat(8) }, 'does not match its entry in the list'],
    ];
    for (const [poison, reason] of poisons) {
      each.stderr = '';
      await add(poison);
      await says(each, reason);
      await (await batches.getJob(id))?.remove();
      await setTimeout(0);
    }
    await add(good);
    const chunks = new Queue(`vts-batch-${id}`, { connection });
    const file = { path: below(at('rows.csv')), format: 'csv', size: 1, mtimeMs: 1, partition: [] };
    const place = { files: [file], first: 0, rows: 1, take: 1 };
    const chunk = { v: 1, batch: id, chunk: 0, place };
    const bad: [object, string][] = [
      [{ ...chunk, v: 7 }, 'chunk.v must be 1'],
      [{ ...chunk, batch: 'ef'.repeat(8) }, 'a chunk of its batch'],
      [{ ...chunk, place: { ...place, rows: 1e9 } }, 'chunk.place.rows'],
      [{ ...chunk, place: { ...place, first: -1 } }, 'chunk.place.first'],
      [{ ...chunk, place: { ...place, files: [{ ...file, path: 'etc/passwd' }] } }, 'is outside'],
      [{ ...chunk, place: { ...place, files: [{ ...file, path: '../x' }] } }, 'path must be'],
      [{ ...chunk, place }, 'has changed since the batch began'],
      [JSON.parse('{"v":1,"constructor":{"prototype":{}}}') as object, 'without the key'],
    ];
    for (const [at, [poison, reason]] of bad.entries()) {
      const job = await chunks.add('chunk', poison, { jobId: `poison-${at}`, attempts: 3 });
      await expect.poll(() => job.getState(), { timeout: 20_000 }).toBe('failed');
      expect((await chunks.getJob(job.id!))?.failedReason).toContain(reason);
    }
    await chunks.obliterate({ force: true });
    await chunks.close();
    await batches.close();
    expect(({} as Record<string, unknown>)['v']).toBeUndefined();
    expect(each.child.exitCode).toBeNull();
  }, 90_000);

  it('ends with an error that names a chunk that fails, and tries it again', async () => {
    const lines = at('gone.txt');
    await writeFile(lines, 'one\ntwo\nthree\n');
    const each = worker();
    const out = ['--out', at('gone.csv'), '--chunk', '1', '--queue', redis.url];
    await says(each, 'Listening');
    each.child.kill('SIGSTOP');
    const coordinator = start(['batch', 'text', lines, ...out]);
    const batches = new Queue('vts-batches', { connection: { port: redis.port } });
    await expect.poll(() => batches.getWaitingCount(), { timeout: 20_000 }).toBe(1);
    await batches.close();
    await rename(lines, `${lines}.away`);
    each.child.kill('SIGCONT');
    expect([await coordinator.ended, coordinator.stderr]).toEqual([
      1,
      expect.stringMatching(/3 chunks failed: chunk 0 \(rows 1 to 1 of .*gone\.txt\)/),
    ]);
    await rename(`${lines}.away`, lines);
    const again = await batch('text', lines, ...out);
    expect([again.code, again.stderr]).toEqual([0, expect.stringContaining('3 rows predicted')]);
  }, 60_000);

  it('refuses an address at which nothing listens', async () => {
    const args = ['--queue', 'redis://127.0.0.1:1'];
    for (const command of [['batch', 'text', at('x.txt'), '--out', at('x.csv')], ['worker']]) {
      const { code, stderr } = await vts([...command, ...args], { home });
      expect([code, stderr]).toEqual([1, expect.stringContaining('ECONNREFUSED')]);
    }
  });
});
