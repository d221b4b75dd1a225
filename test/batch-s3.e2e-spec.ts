import { once } from 'node:events';
import { existsSync, mkdtempSync } from 'node:fs';
import { copyFile, mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import { parquetWriteBuffer } from 'hyparquet-writer';
import { ModelStore } from 'nestjs-vts';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { S3Server } from './helpers/s3-server.js';
import { saveKinds } from './helpers/served-kinds.js';
import { startVts, vts, type VtsResult } from './helpers/vts.js';

const IMAGES = fileURLToPath(new URL('./fixtures/vision/images', import.meta.url));
const TEXTS = Array.from(
  { length: 60 },
  (_, id) => `Text ${id} é, "I really liked that movie"\nno`,
);

describe('vts batch on S3', () => {
  const home = mkdtempSync(join(tmpdir(), 'vts-batch-s3-'));
  const data = join(home, 'data');
  let server: S3Server;

  beforeAll(async () => {
    server = await S3Server.start('data', 'out');
    await saveKinds(new ModelStore(home), ['text', 'picture', 'mask']);
    await mkdir(join(data, 'photos/deep'), { recursive: true });
    await mkdir(join(data, 'parts/year=2024'), { recursive: true });
    await mkdir(join(data, 'parts/year=2025'), { recursive: true });
    await copyFile(join(IMAGES, 'q90.jpg'), join(data, 'photos/a b.jpg'));
    await copyFile(join(IMAGES, 'alpha.png'), join(data, 'photos/deep/é.png'));
    const broken = (await readFile(join(IMAGES, 'q90.jpg'))).subarray(0, 90);
    await writeFile(join(data, 'photos/broken.jpg'), broken);
    await writeFile(
      join(data, 'photos.csv'),
      'image\nphotos/a b.jpg\nphotos/broken.jpg\n./photos/deep/é.png\n',
    );
    const rows = TEXTS.map((text, id) => `${id},"${text.replaceAll('"', '""')}"`);
    const csv = `id,text\n${rows.join('\n')}\n`;
    await writeFile(join(data, 'texts.csv'), csv);
    await writeFile(join(data, 'texts.csv.gz'), gzipSync(csv));
    const lines = TEXTS.map((text, id) => (id === 7 ? '{"text":' : JSON.stringify({ id, text })));
    await writeFile(join(data, 'texts.jsonl'), lines.join('\n'));
    await writeFile(join(data, 'parts/year=2024/x.parquet'), parquet(25));
    await writeFile(join(data, 'parts/year=2025/x.parquet'), parquet(25));
    for (const entry of await readdir(data, { recursive: true, withFileTypes: true })) {
      const path = join(entry.parentPath, entry.name);
      if (entry.isFile()) server.put(`s3://data/${relative(data, path)}`, await readFile(path));
    }
    server.pageSize = 2;
  }, 120_000);
  afterEach(() => {
    server.fault = () => undefined;
    server.asked.length = 0;
  });
  afterAll(async () => {
    await server.close();
    await rm(home, { recursive: true });
  });

  function parquet(rowGroupSize: number): Buffer {
    const columnData = [
      { name: 'id', data: TEXTS.map((_, id) => id) },
      { name: 'text', data: TEXTS },
    ];
    return Buffer.from(parquetWriteBuffer({ columnData, rowGroupSize }));
  }
  const run = (...args: string[]): Promise<VtsResult> =>
    vts(['batch', ...args], { home, env: server.env });
  const left = async (of: string): Promise<string[]> =>
    (await readdir(join(home, 'batches'))).filter((name) => name.startsWith(`.${of}.`));
  /** What the local run writes, as it would be with the addresses of S3. */
  const moved = (bytes: Buffer): Buffer =>
    Buffer.from(bytes.toString('latin1').replaceAll(`${data}/`, 's3://data/'), 'latin1');

  it.each<[string, string, string, string]>([
    ['CSV', 'text', 'texts.csv', 'csv'],
    ['gzip', 'text', 'texts.csv.gz', 'csv'],
    ['JSON lines', 'text', 'texts.jsonl', 'jsonl'],
    ['partitioned Parquet', 'text', 'parts/', 'parquet'],
    ['a pattern', 'text', 'parts/year=*/*.parquet', 'csv'],
    ['images', 'picture', 'photos/', 'csv'],
    ['a table of images', 'picture', 'photos.csv', 'jsonl'],
    ['images for masks', 'mask', 'photos.csv', 'csv'],
  ])('gives the same bytes of %s as from files', async (name, model, input, format) => {
    const out = `${name.replaceAll(' ', '-')}.${format}`;
    const local = join(home, out);
    const args = ['--chunk', '7', '--workers', '1'];
    const alone = await run(model, join(data, input), '--out', local, ...args);
    const remote = await run(model, `s3://data/${input}`, '--out', `s3://out/${out}`, ...args);
    expect([remote.code, remote.stderr]).toEqual([
      0,
      alone.stderr.replaceAll(local, `s3://out/${out}`),
    ]);
    expect(server.get(`out/${out}`)!.equals(moved(await readFile(local)))).toBe(true);
    const errors = `${local}.errors.jsonl`;
    expect(server.get(`out/${out}.errors.jsonl`)).toEqual(
      existsSync(errors) ? moved(await readFile(errors)) : undefined,
    );
    const masks = await readdir(`${local}-masks`).catch(() => []);
    expect(masks).toHaveLength(model === 'mask' ? 2 : 0);
    for (const mask of masks) {
      expect(server.get(`out/${out}-masks/${mask}`)).toEqual(
        await readFile(join(`${local}-masks`, mask)),
      );
    }
    expect(await left(out)).toEqual([]);
  });

  it('resumes after a kill, and refuses input that has changed since', async () => {
    const args = ['text', 's3://data/parts/', '--chunk', '2', '--workers', '1'];
    expect((await run(...args, '--out', 's3://out/through.csv')).code).toBe(0);
    const work = join(home, 'work');
    const killed = ['batch', ...args, '--out', 's3://out/killed.csv', '--work', work];
    const child = startVts(killed, { home, env: server.env });
    const done = async (): Promise<number> => {
      const names = await readdir(work, { recursive: true }).catch(() => []);
      return names.filter((name) => name.endsWith('.rows')).length;
    };
    await expect.poll(done, { timeout: 20_000, interval: 5 }).toBeGreaterThan(3);
    child.kill('SIGKILL');
    await once(child, 'close');
    const before = await done();
    expect(server.get('out/killed.csv')).toBeUndefined();
    const path = 's3://data/parts/year=2025/x.parquet';
    const bytes = server.get(path)!;
    server.put(path, parquet(20));
    const changed = await vts(killed, { home, env: server.env });
    expect([changed.code, changed.stderr]).toEqual([1, expect.stringContaining('another input')]);
    expect(await done()).toBe(before);
    server.put(path, bytes);
    expect((await vts(killed, { home, env: server.env })).code).toBe(0);
    expect(server.get('out/killed.csv')).toEqual(server.get('out/through.csv'));
    expect(await readdir(work)).toEqual([]);
  }, 60_000);

  it('ends if an object changes, and reports a missing image as a failed row', async () => {
    const gone = server.get('data/photos/a b.jpg')!;
    server.fault = (method, path) => {
      if (method === 'GET' && path.endsWith('a b.jpg'))
        server.objects.delete('data/photos/a b.jpg');
      if (method === 'GET' && path.endsWith('é.png'))
        server.put('s3://data/photos/deep/é.png', 'other');
      return undefined;
    };
    const images = await run('picture', 's3://data/photos/', '--out', 's3://out/gone.csv');
    server.put('s3://data/photos/a b.jpg', gone);
    server.put('s3://data/photos/deep/é.png', await readFile(join(IMAGES, 'alpha.png')));
    expect(images.stderr).toContain('3 failed, see s3://out/gone.csv.errors.jsonl');
    const told = server.get('out/gone.csv.errors.jsonl')!.toString();
    expect(told).toContain('No object at s3://data/photos/a b.jpg');
    expect(told).toContain('é.png changed after the batch began');
    let reads = 0;
    server.fault = (method, path) => {
      if (method === 'GET' && path.endsWith('texts.csv') && ++reads === 2) {
        server.put('s3://data/texts.csv', 'id,text\n1,x\n');
      }
      return undefined;
    };
    const table = await run('text', 's3://data/texts.csv', '--out', 's3://out/changed.csv');
    expect([table.code, table.stderr]).toEqual([
      1,
      expect.stringContaining('changed while it was read'),
    ]);
    expect(server.get('out/changed.csv')).toBeUndefined();
    server.put('s3://data/texts.csv', await readFile(join(data, 'texts.csv')));
  });

  it('keeps rows within the allowed paths', async () => {
    const rows = [
      '/etc/hosts',
      '../../x.jpg',
      's3://UPPER/x.jpg',
      's3://data/../x.jpg',
      's3://data/photos/a b.jpg',
    ];
    server.put('s3://data/names/list.csv', `image\n${rows.join('\n')}\n`);
    await run('picture', 's3://data/names/list.csv', '--out', 's3://out/names.csv');
    const told = server.get('out/names.csv.errors.jsonl')!.toString().trimEnd().split('\n');
    expect(told).toHaveLength(4);
    for (const line of told) expect(line).toMatch(/outside the bucket|The address/);
    expect(server.get('out/names.csv')!.toString()).toContain('s3://data/photos/a b.jpg');
  });

  it.each<[string, string[], string]>([
    ['an output that is there', ['s3://data/texts.csv', '--out', 's3://data/texts.csv'], '--force'],
    [
      'an output without a key',
      ['s3://data/texts.csv', '--out', 's3://out/'],
      'Write s3://bucket/key',
    ],
    ['a bucket that is not there', ['s3://none/', '--out', 's3://out/x.csv'], 'No bucket "none"'],
    [
      'an output into none',
      ['s3://data/texts.csv', '--out', 's3://none/x.csv'],
      'No bucket "none"',
    ],
    [
      'an object that is not there',
      ['s3://data/none.csv', '--out', 's3://out/x.csv'],
      'No object at',
    ],
  ])('refuses %s', async (_, args, says) => {
    const { code, stderr } = await run('text', ...args);
    expect([code, stderr]).toEqual([1, expect.stringContaining(says)]);
  });

  it('stops if S3 goes away, and resumes later', async () => {
    server.fault = (method, path) =>
      method === 'PUT' && path === 'out/away.csv' ? { status: 503 } : undefined;
    const args = ['text', 's3://data/texts.csv', '--out', 's3://out/away.csv', '--limit', '5'];
    const away = await run(...args);
    expect([away.code, away.stderr]).toEqual([1, expect.stringContaining('S3 does not answer')]);
    expect(await left('away.csv')).toHaveLength(1);
    server.fault = () => undefined;
    expect((await run(...args)).code).toBe(0);
    expect(server.get('out/away.csv')!.toString().split('\n')).toHaveLength(12);
    expect(await left('away.csv')).toEqual([]);
  }, 30_000);
});
