import { createServer, type AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { hasRedis, RedisServer } from '../../../test/helpers/redis.js';
import { openQueueConnection } from './connection.js';
import { redisAddress } from './redis-address.js';

describe('The address of a Redis server', () => {
  it.each([
    ['redis://localhost', { host: 'localhost', port: 6379 }, 'redis://localhost:6379'],
    [
      'redis://user:p%40ss@host:7000/3',
      { host: 'host', port: 7000, username: 'user', password: 'p@ss', db: 3 },
      'redis://host:7000/3',
    ],
    [
      'rediss://:secret@cache.example.com',
      {
        host: 'cache.example.com',
        port: 6379,
        password: 'secret',
        tls: { servername: 'cache.example.com' },
      },
      'rediss://cache.example.com:6379',
    ],
    ['redis://[::1]:7000', { host: '::1', port: 7000 }, 'redis://[::1]:7000'],
    ['unix:///run/redis.sock?db=2', { path: '/run/redis.sock', db: 2 }, 'unix:///run/redis.sock'],
  ])('%s is read', (url, target, shown) => {
    expect(redisAddress(url)).toEqual({ target, shown });
  });

  it.each([
    ['host:6379', 'has the scheme host:'],
    ['nonsense', 'is not a URL'],
    ['http://host', 'has the scheme http:'],
    ['redis://host/first', 'database that is not a number'],
    ['redis://host?family=6', 'options after the database'],
    ['unix://relative', 'does not have an absolute path'],
    ['redis://us%er@host', 'two hexadecimal digits'],
  ])('%s is refused', (url, reason) => {
    expect(() => redisAddress(url)).toThrow(reason);
  });

  it('of thousands of characters is refused', () => {
    expect(() => redisAddress(`redis://${'a'.repeat(3000)}`)).toThrow('more than 2048 characters');
  });

  it('never shows a password', () => {
    for (const url of ['redis://u:secret@host/x', 'u:secret@host', 'http://u:secret@host']) {
      expect(() => redisAddress(url)).toThrow(
        expect.objectContaining({
          message: expect.not.stringContaining('secret') as string,
        }) as Error,
      );
    }
  });
});

describe.runIf(hasRedis)('A connection to a Redis server', () => {
  let server: RedisServer;
  beforeAll(async () => {
    server = await RedisServer.start(['--requirepass', 'open sesame']);
  });
  afterAll(() => server.stop());
  const at = (password: string): string => server.url.replace('//', `//:${password}@`);

  it('reports the version, and settings that may lose jobs', async () => {
    const { version, warnings, shown } = await openQueueConnection(at('open%20sesame'));
    expect([version, warnings, shown]).toEqual([
      expect.stringMatching(/^\d+\.\d+/),
      [],
      server.url,
    ]);
    const other = await RedisServer.start([
      ...['--maxmemory-policy', 'allkeys-lru', '--appendonly', 'no'],
    ]);
    const found = await openQueueConnection(other.url);
    await other.stop();
    expect(found.warnings).toEqual([
      expect.stringContaining('allkeys-lru'),
      expect.stringContaining('append-only'),
    ]);
  });

  it('is refused at once without the password, with a wrong one, and for another database', async () => {
    const code = { code: 'VTS_QUEUE_CONNECTION' };
    for (const url of [server.url, at('secret')]) {
      const error = await openQueueConnection(url).catch((caught: unknown) => caught);
      expect(error).toMatchObject({ ...code, message: expect.stringContaining('another user') });
      expect(String(error)).not.toContain('secret');
    }
    await expect(openQueueConnection(`${at('open%20sesame')}/999`)).rejects.toMatchObject({
      ...code,
      message: expect.stringContaining('no database') as string,
    });
  });

  it('names the host if nothing listens, and says how to start a server', async () => {
    await expect(openQueueConnection('redis://127.0.0.1:1')).rejects.toMatchObject({
      code: 'VTS_QUEUE_CONNECTION',
      message: expect.stringMatching(/redis:\/\/127\.0\.0\.1:1 .*ECONNREFUSED.*redis-server/),
    });
  });

  it('refuses a server that is too old', async () => {
    const old = createServer((socket) => {
      socket.on('error', () => undefined);
      socket.on('data', (data) => {
        const info = 'redis_version:6.0.16\r\n';
        for (const command of data.toString().match(/^(?:info|client|hello)$/gim) ?? []) {
          socket.write(/info/i.test(command) ? `$${info.length}\r\n${info}\r\n` : '+OK\r\n');
        }
      });
    }).listen(0, '127.0.0.1');
    await new Promise((resolve) => old.once('listening', resolve));
    const { port } = old.address() as AddressInfo;
    await expect(openQueueConnection(`redis://127.0.0.1:${port}`)).rejects.toMatchObject({
      code: 'VTS_QUEUE_VERSION',
      message: expect.stringContaining('6.2.0 or later') as string,
    });
    old.close();
  });
});
