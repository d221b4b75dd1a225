import { randomBytes } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { S3Server } from '../../../test/helpers/s3-server.js';
import { findFiles } from '../batch/files.js';
import { listObjects } from './list.js';
import { headObject, readBytes } from './read.js';
import { putFile } from './write.js';

let server: S3Server;
let folder: string;

beforeAll(async () => {
  server = await S3Server.start('data');
  folder = await mkdtemp(join(tmpdir(), 'vts-s3-'));
});
afterAll(async () => {
  await server.close();
  await rm(folder, { recursive: true });
});
beforeEach(() => {
  for (const [name, value] of Object.entries(server.env)) vi.stubEnv(name, value);
});
afterEach(() => {
  vi.unstubAllEnvs();
  server.fault = () => undefined;
  server.pageSize = 1000;
  server.objects.clear();
  server.asked.length = 0;
});

const found = async (...given: string[]): Promise<string[]> =>
  (await findFiles(given, 'text')).map(({ path }) => path);

describe('objects', () => {
  const body = randomBytes(300_000);
  const path = "s3://data/odd keys/a+b (1)!é'*&<.csv";
  const object = async () => ({
    path,
    ...(await headObject({ bucket: 'data', key: path.slice(10) })),
  });

  it('are read in parts, and continue at the byte where a connection broke', async () => {
    server.put(path, body);
    const known = await object();
    expect(await readBytes(known, 1000, 2000)).toEqual(body.subarray(1000, 2000));
    server.fault = (method, _path, count) =>
      method === 'GET' && count < 4 ? { cutAfter: 70_000 } : undefined;
    server.asked.length = 0;
    expect((await readBytes(known)).equals(body)).toBe(true);
    expect(server.asked).toHaveLength(4);
    server.fault = (_method, _path, count) => (count < 7 ? { status: 503 } : undefined);
    expect((await readBytes(known)).equals(body)).toBe(true);
    server.fault = () => undefined;
    server.put(path, '');
    expect(await readBytes(await object())).toHaveLength(0);
    expect(await readBytes({ path })).toHaveLength(0);
  });

  it('that change during a read are an error, however the server treats conditions', async () => {
    server.put(path, body);
    const known = await object();
    server.put(path, randomBytes(300_000));
    await expect(readBytes(known)).rejects.toThrow('changed while it was read. Begin again');
    server.put(path, body);
    let cuts = 0;
    server.fault = (method) => {
      if (method !== 'GET' || ++cuts > 1) return undefined;
      setTimeout(() => server.put(path, randomBytes(300_000)), 20);
      return { cutAfter: 70_000 };
    };
    await expect(readBytes({ path })).rejects.toThrow('changed while it was read');
    server.fault = () => ({
      status: 200,
      headers: { etag: '"other"', 'content-length': '300000' },
      body: 'x'.repeat(300_000),
    });
    await expect(readBytes(known)).rejects.toThrow('changed while it was read');
  });

  it.each([
    ['s3://none/x.csv', undefined, 'BUCKET_NOT_FOUND', 'No bucket "none" at 127.0.0.1'],
    ['s3://data/x.csv', undefined, 'OBJECT_NOT_FOUND', 'end it with "/"'],
    ['s3://data/x.csv', 403, 'S3_ACCESS', 'refuses to read s3://data/x.csv (HTTP 403). Set AWS_'],
    ['s3://data/', 403, 'S3_ACCESS', 'refuses to list s3://data/ (AccessDenied)'],
    ['s3://data/', 418, 'S3_ANSWER', 'Check AWS_ENDPOINT_URL'],
    ['s3://data/', 301, 'S3_ANSWER', 'a redirect'],
  ])('%s (%s) is refused by code', async (address, status, code, says) => {
    server.fault = () =>
      status === undefined
        ? undefined
        : { status, body: status === 403 ? '<Error><Code>AccessDenied</Code></Error>' : '' };
    await expect(found(address)).rejects.toMatchObject({
      code: `VTS_${code}`,
      message: expect.stringContaining(says) as string,
    });
  });

  it('reports that a server is unavailable', async () => {
    server.fault = () => ({ status: 500 });
    await expect(found('s3://data/x.csv')).rejects.toMatchObject({ code: 'VTS_S3_UNAVAILABLE' });
    expect(server.asked).toHaveLength(6);
  }, 30_000);
});

describe('lists', () => {
  it('are read in pages, in the order of files', async () => {
    const keys = [
      'b 1.csv',
      'a/é.csv',
      'a/z&<>.csv',
      'year=2024/m=%2F/x.jsonl',
      '𐀀.csv',
      '\uffee.csv',
    ];
    for (const key of keys) server.put(`s3://data/in/${key}`, 'x');
    for (const key of ['_x.csv', 'a/.y.csv', 'c.exe', 'folder.csv/'])
      server.put(`s3://data/in/${key}`, '');
    server.pageSize = 2;
    const all = keys.map((key) => `s3://data/in/${key}`).toSorted();
    expect(await found('s3://data/in/')).toEqual(all);
    expect(await found('s3://data/in/**/*.csv')).toEqual(all.filter((key) => key.endsWith('.csv')));
    expect(await found('s3://data/in/a/?.csv')).toEqual(['s3://data/in/a/é.csv']);
    expect(await found('s3://data/in/[ab]*/*')).toEqual(all.filter((key) => key.includes('/a/')));
    const [file] = await findFiles(['s3://data/in/year=*/**/*.jsonl'], 'text');
    expect(file).toMatchObject({
      format: 'jsonl',
      size: 1,
      partition: new Map([
        ['year', '2024'],
        ['m', '/'],
      ]),
    });
    await expect(found('s3://data/none/')).rejects.toThrow('No file to predict from');
  });

  it.each(['a/../x.csv', './x.csv', 'x\u001b[2J.csv', 'x\n.csv', 'a/../../x.csv'])(
    'refuse the key %j without repeating it',
    async (key) => {
      server.put(`s3://data/${key}`, 'x');
      const failed = await found('s3://data/').catch(({ message }: Error) => message);
      expect(failed).toMatch(/^The key of s3:.* has a (?:part|control)/);
      expect(failed).not.toMatch(/\p{Cc}/u);
      server.put('s3://data/good.csv', 'x');
      expect(await found('s3://data/good*')).toEqual(['s3://data/good.csv']);
    },
  );

  const page = (inner: string): string => `<ListBucketResult>${inner}</ListBucketResult>`;
  const object = (key: string, size = '1', etag = 'x'): string =>
    `<Contents><Key>${key}</Key><Size>${size}</Size><ETag>${etag}</ETag></Contents>`;
  const more = (token: string): string =>
    `<IsTruncated>true</IsTruncated><NextContinuationToken>${token}</NextContinuationToken>`;
  it.each<[string, (count: number) => string, string]>([
    ['that repeats a page', () => page(object('in/x.csv') + more('t')), 'not in order'],
    ['that never ends', (count) => page(more(String(count))), 'does not end'],
    ['without a token', () => page('<IsTruncated>true</IsTruncated>'), 'without a token'],
    [
      'of a giant page',
      () => page(`<Prefix>${'x'.repeat(9 * 2 ** 20)}</Prefix>`),
      'more than 8192 KiB',
    ],
    ['of too many keys', () => page(object('in/x').repeat(1001)), 'has 1001 objects'],
    ['of other keys', () => page(object('x.csv')), 'outside the requested prefix'],
    ['without a size', () => page(object('in/x.csv', '-1')), 'no size'],
    ['with an ETag of two lines', () => page(object('in/x.csv', '1', 'a&#10;b: c')), 'no ETag'],
    ['with entities', () => `<!DOCTYPE x [<!ENTITY a "b">]>${page('&a;')}`, 'not valid XML'],
    ['with an unknown entity', () => page('<Name>&a;</Name>'), 'has the entity &a;'],
    ['of deep elements', () => '<a>'.repeat(100), 'too deep'],
    ['that ends early', () => '<ListBucketResult><Contents>', 'not complete'],
    ['of another kind', () => '<html><body>Sign in</body></html>', 'does not list'],
    ['that is a page', () => '<!doctype html><p>Hi', 'not valid XML'],
  ])('refuse one %s', async (_, body, says) => {
    server.fault = (_method, _path, count) => ({ status: 200, body: body(count) });
    await expect(listObjects({ bucket: 'data', key: 'in/' }, () => true, 5000)).rejects.toThrow(
      says,
    );
  });

  it('have a bound', async () => {
    for (let at = 0; at < 30; at++) server.put(`s3://data/${at}.csv`, 'x');
    await expect(listObjects({ bucket: 'data', key: '' }, () => true, 29)).rejects.toThrow(
      'More than 29 objects are below s3://data/',
    );
  });
});

describe('files', () => {
  const address = { bucket: 'data', key: 'out.csv' };
  const size = 40 * 2 ** 20;
  const note = (): { id: string | undefined } & Parameters<typeof putFile>[2] => {
    const kept = { id: undefined as string | undefined };
    return Object.assign(kept, {
      read: async () => kept.id,
      write: async (id: string | undefined) => void (kept.id = id),
    });
  };
  const path = async (bytes: Buffer): Promise<string> => {
    await writeFile(join(folder, 'file'), bytes);
    return join(folder, 'file');
  };

  it('are written in one step, large ones in parts', async () => {
    await putFile(address, await path(Buffer.from('small')), note());
    expect(server.get('data/out.csv')).toEqual(Buffer.from('small'));
    const body = randomBytes(size);
    server.fault = (method, _path, count) =>
      method === 'PUT' && count === 3 ? { status: 500 } : undefined;
    await putFile(address, await path(body), note());
    expect(server.get('data/out.csv')!.equals(body)).toBe(true);
    expect(server.uploads.size).toBe(0);
  });

  it('leave nothing behind after a failure, nor uploads of a killed process', async () => {
    server.put('data/out.csv', 'before');
    const body = await path(randomBytes(size));
    server.fault = (method, _path, count) =>
      method === 'PUT' && count > 2 ? { status: 403 } : undefined;
    await expect(putFile(address, body, note())).rejects.toThrow('refuses to write');
    expect([server.uploads.size, server.get('data/out.csv')]).toEqual([0, Buffer.from('before')]);
    server.fault = () => undefined;
    server.uploads.set('killed', new Map());
    const kept = note();
    kept.id = 'killed';
    await kept.write('killed');
    await putFile(address, body, kept);
    expect(server.uploads.size).toBe(0);
  });

  it('are complete or not, whatever a late answer says', async () => {
    const body = await path(randomBytes(size));
    const internal = '<?xml version="1.0"?>\n\n<Error><Code>InternalError</Code></Error>';
    let posts = 0;
    server.fault = (method) =>
      method === 'POST' && ++posts === 2 ? { status: 200, body: internal } : undefined;
    await putFile(address, body, note());
    expect(server.get('data/out.csv')).toHaveLength(size);
    server.fault = (method, path) =>
      method === 'POST' && server.uploads.size > 0 && server.asked.at(-1)!.includes('uploadId')
        ? { status: 200, body: `<Error><Code>AccessDenied</Code></Error>${path.slice(0, 0)}` }
        : undefined;
    await expect(putFile(address, body, note())).rejects.toThrow('AccessDenied');
    expect(server.uploads.size).toBe(0);
  });
});
