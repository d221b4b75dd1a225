import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { once } from 'node:events';
import {
  mkdtemp,
  readdir,
  readFile,
  rm,
  stat,
  truncate,
  utimes,
  writeFile,
} from 'node:fs/promises';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { DownloadCache } from './download-cache.js';
import { download } from './download.js';
import { webFile } from './web.js';

let folder: string;
let answer: (request: IncomingMessage, response: ServerResponse) => void;
let origin: string;
let close: () => Promise<unknown>;
let asked: IncomingMessage[];

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'vts-download-'));
  asked = [];
  const server = createServer((request, response) => {
    asked.push(request);
    answer(request, response);
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  close = async () => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  };
});
afterEach(async () => {
  await close();
  await rm(folder, { recursive: true, force: true });
});

const notes: string[] = [];
const fetched = async (target = `${origin}/bears/export.pkl`): Promise<string> => {
  notes.length = 0;
  return download(webFile(target), await DownloadCache.open(join(folder, 'cache')), {
    onProgress: () => {},
    onNote: (text) => void notes.push(text),
  });
};
/** Nothing but what is whole. */
const left = async (): Promise<string[]> => {
  const entries = await readdir(join(folder, 'cache'), { recursive: true, withFileTypes: true });
  return entries.filter((entry) => entry.isFile()).map(({ name }) => name);
};

describe('download', () => {
  it('asks again whether a file has changed, and keeps both contents', async () => {
    let content = 'first';
    answer = (request, response) => {
      const etag = `"${content}"`;
      if (request.headers['if-none-match'] === etag) return response.writeHead(304).end();
      return response.writeHead(200, { etag }).end(content);
    };
    const first = await fetched();
    expect(await fetched()).toBe(first);
    content = 'second';
    const second = await fetched();
    expect(asked.map(({ headers }) => headers['if-none-match'])).toEqual([
      undefined,
      '"first"',
      '"first"',
    ]);
    expect(await readFile(first, 'utf8')).toBe('first');
    expect(await readFile(second, 'utf8')).toBe('second');
    expect(first).toMatch(/[\\/]export\.pkl$/);
    // Others may not read what came by somebody's token.
    expect((await stat(second)).mode & 0o077).toBe(0);
    expect((await stat(join(folder, 'cache'))).mode & 0o077).toBe(0);
  });

  it('does not use a copy that somebody changed', async () => {
    answer = (_, response) => response.writeHead(200, { etag: '"x"' }).end('right');
    const path = await fetched();
    await writeFile(path, 'wrong');
    expect(await readFile(await fetched(), 'utf8')).toBe('right');
    expect(asked[1]!.headers['if-none-match']).toBeUndefined();
  });

  it('uses the copy if the server is not reached, and says so', async () => {
    answer = (_, response) => response.writeHead(200).end('content');
    const path = await fetched();
    await close();
    expect(await fetched()).toBe(path);
    expect(notes).toEqual([
      expect.stringMatching(
        /cannot be fetched \(ECONNREFUSED\)\..* The cached copy of 2\d{3}-.* is used\.$/,
      ),
    ]);
    await expect(fetched(`${origin}/other.pkl`)).rejects.toThrow(
      'cannot be fetched (ECONNREFUSED)',
    );
  });

  it.each<[string, (response: ServerResponse) => void, RegExp]>([
    [
      'an HTML page',
      (response) => response.end('<!doctype html><title>Sign in</title>'),
      /bears\/export\.pkl" is not a torch file: it is an HTML page/,
    ],
    [
      'a Git LFS pointer',
      (response) => response.end('version https://git-lfs.github.com/spec/v1\noid sha256:1'),
      /Git LFS pointer, not the file itself/,
    ],
    ['nothing', (response) => response.end(), /it is empty/],
    [
      'a size above the bound',
      (response) => response.writeHead(200, { 'content-length': 2 ** 34 }).write('x'),
      /has 16\.00 GiB, but at most 8\.00 GiB can be downloaded/,
    ],
    [
      'less than was announced',
      (response) => {
        response.writeHead(200, { 'content-length': 1000 }).write('x'.repeat(600));
        setTimeout(() => response.destroy(), 20);
      },
      /cannot be fetched/,
    ],
    [
      'another content than was announced',
      (response) => response.writeHead(200, { 'x-linked-etag': `"${'0'.repeat(64)}"` }).end('x'),
      /is damaged: its SHA-256 is 2d7116.*, but 0000/,
    ],
    [
      '401',
      (response) => response.writeHead(401).end(),
      /refuses .* \(HTTP 401\)\. Give an address/,
    ],
    ['404', (response) => response.writeHead(404).end(), /^No file at .* \(HTTP 404\)/],
    ['500', (response) => response.writeHead(500).end(), /cannot send .* \(HTTP 500\)/],
  ])('refuses %s, and keeps no part of it', async (_, send, message) => {
    answer = (__, response) => send(response);
    await expect(fetched()).rejects.toThrow(message);
    expect(await left()).toEqual([]);
  });

  it('sends a password only to its own server, and never shows it', async () => {
    answer = (_, response) => response.writeHead(403).end();
    const target = `${origin.replace('//', '//me:s%40cret@')}/x.pkl?token=hidden`;
    const failed = await fetched(target).catch(({ message }: Error) => message);
    expect(failed).toContain(`${origin}/x.pkl`);
    expect(failed).not.toMatch(/cret|hidden/);
    expect(asked[0]!.url).toBe('/x.pkl?token=hidden');
    expect(asked[0]!.headers.authorization).toBe(
      `Basic ${Buffer.from('me:s@cret').toString('base64')}`,
    );
  });

  it('uses a folder for one call if the cache is not writable', async () => {
    // A file stands where the folder should.
    await writeFile(join(folder, 'file'), '');
    const cache = await DownloadCache.open(join(folder, 'file', 'cache'));
    answer = (_, response) => response.end('content');
    const path = await download(webFile(`${origin}/x.pkl`), cache, {
      onProgress: () => {},
      onNote: () => {},
    });
    expect(await readFile(path, 'utf8')).toBe('content');
    await cache.cleanup();
    await expect(stat(path)).rejects.toThrow('ENOENT');
  });

  it('keeps file names from servers within its folder', async () => {
    answer = (_, response) => response.end('content');
    const path = await fetched(`${origin}/a/..%2F..%2F..%2Fx%00y.pkl`);
    expect(path.startsWith(join(folder, 'cache', 'files'))).toBe(true);
    expect(await fetched(`${origin}/%2E%2E`)).toMatch(/model\.pkl$/);
  });
});

it('limits the cache, and keeps the most recently used files', async () => {
  const cache = await DownloadCache.open(join(folder, 'cache'));
  const keep = async (key: string): Promise<string> => {
    const part = await cache.part();
    await writeFile(part, key);
    const sha256 = key.repeat(64);
    const facts = { from: key, name: `${key}.pkl`, etag: undefined, lastModified: undefined };
    // As large as half of the bound.
    await truncate(part, 5 * 2 ** 30 - 1);
    return cache.keep(key, part, { ...facts, sha256, bytes: 5 * 2 ** 30 - 1, time: '' });
  };
  const paths = [await keep('a'), await keep('b')];
  const old = new Date(Date.now() - 2 * 3600 * 1000);
  await utimes(paths[0]!, old, old);
  paths.push(await keep('c'));
  await expect(stat(paths[0]!)).rejects.toThrow('ENOENT');
  await expect(stat(paths[1]!)).resolves.toBeDefined();
  await expect(stat(paths[2]!)).resolves.toBeDefined();
});
