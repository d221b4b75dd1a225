import { once } from 'node:events';
import { request } from 'node:http';
import { inspect } from 'node:util';
import {
  Controller,
  Get,
  Logger,
  Req,
  type INestApplication,
  type LoggerService,
} from '@nestjs/common';
import { AccessLogEntry, requestIdOf } from 'nestjs-vts';
import { afterEach, describe, expect, it } from 'vitest';
import { HttpClient } from './helpers/http-client.js';
import { LONG_TEXT, observedApp } from './helpers/observed-app.js';
import { startApp } from './helpers/testing-app.js';

class Log implements LoggerService {
  readonly entries: AccessLogEntry[] = [];
  readonly errors: string[] = [];
  log(message: unknown, context?: string): void {
    if (context === 'VtsAccess') this.entries.push(message as AccessLogEntry);
  }
  warn(): void {}
  error(message: unknown): void {
    this.errors.push(String(message));
  }
}

@Controller()
class IdController {
  @Get('id')
  id(@Req() incoming: object): string | undefined {
    return requestIdOf(incoming);
  }
}

const UUID = /^[\da-f]{8}(-[\da-f]{4}){3}-[\da-f]{12}$/;

describe('The access log', () => {
  const log = new Log();
  let app: INestApplication;
  let client: HttpClient;
  afterEach(async () => {
    await app.close();
    log.entries.length = 0;
    log.errors.length = 0;
    Logger.overrideLogger(false);
  });

  async function start(options: Parameters<typeof observedApp>[0] = {}): Promise<void> {
    const parts = observedApp(options);
    app = await startApp(
      { ...parts, controllers: [...parts.controllers, IdController] },
      { logger: log },
    );
    client = await HttpClient.of(app);
  }

  /** The response ends for the client before it does for the server. */
  const entries = async (count: number): Promise<AccessLogEntry[]> => {
    await expect.poll(() => log.entries.length).toBeGreaterThanOrEqual(count);
    return log.entries;
  };

  it('has the fields of each request, but not of probes and metrics', async () => {
    await start();
    for (const path of ['/livez', '/readyz', '/healthz', '/metrics']) await client.get(path);
    const { text } = await client.text('/classifyText?secret=1', 'good', { 'x-request-id': 'a-1' });
    await client.get('/no/such');
    const [first, second, ...others] = await entries(2);
    expect({ ...first }).toEqual({
      method: 'POST',
      path: '/classifyText',
      route: '/classifyText',
      status: 200,
      durationMs: expect.any(Number),
      requestBytes: 4,
      responseBytes: text.length,
      remoteAddress: expect.stringMatching(/127\.0\.0\.1|::1/),
      requestId: 'a-1',
      traceId: undefined,
    });
    expect(first?.durationMs).toBeGreaterThan(0);
    expect(second).toMatchObject({ method: 'GET', path: '/no/such', status: 404 });
    expect(second?.route).toBeUndefined();
    expect(others).toEqual([]);
  });

  it('is a line in the console, and fields in JSON', async () => {
    await start();
    await client.get('/things/7');
    const [entry] = await entries(1);
    expect(inspect(entry)).toMatch(
      /^\S+ GET \/things\/7 200 [\d.]+ ms in=0 out=1 request=[\da-f-]{36}$/,
    );
    expect(JSON.parse(JSON.stringify(entry))).toMatchObject({ route: '/things/:id', status: 200 });
    expect(entry).toBeInstanceOf(AccessLogEntry);
  });

  it('logs clients that disconnect', async () => {
    await start();
    const url = new URL('/classifyText', await app.getUrl());
    const headers = { 'content-type': 'text/plain' };
    const call = request({
      host: 'localhost',
      port: url.port,
      path: url.pathname,
      method: 'POST',
      headers,
    });
    call.on('error', () => undefined);
    call.end(LONG_TEXT);
    await once(call, 'finish');
    await new Promise((resolve) => setTimeout(resolve, 50));
    call.destroy();
    const [entry] = await entries(1);
    expect(entry).toMatchObject({ status: 499, responseBytes: 0, route: '/classifyText' });
  });

  it('can be turned off, or leave requests out', async () => {
    await start({ accessLog: false });
    await client.get('/things/1');
    await app.close();
    await start({ accessLog: { skip: ({ route }) => route === '/things/:id' } });
    await client.get('/things/1');
    await client.get('/id');
    const all = await entries(1);
    expect(all.map(({ path }) => path)).toEqual(['/id']);
  });

  it('includes a request id, the client’s own if it is valid', async () => {
    await start();
    const idOf = async (headers: Record<string, string>, path = '/classifyText') =>
      (await client.text(path, 'a', headers)).headers.get('x-request-id');
    expect(await idOf({ 'x-request-id': 'abc:1/2+3=4@5~6' })).toBe('abc:1/2+3=4@5~6');
    expect(await idOf({ 'x-request-id': 'a'.repeat(128) })).toBe('a'.repeat(128));
    for (const bad of ['a'.repeat(129), 'a b', 'a"b', '<a>', '{}', 'a,b']) {
      expect(await idOf({ 'x-request-id': bad })).toMatch(UUID);
    }
    expect(await idOf({})).toMatch(UUID);
    expect(await idOf({}, '/no/such')).toMatch(UUID);
    expect(await idOf({}, '/livez')).toMatch(UUID);
    const { text, headers } = await client.get('/id');
    expect(text).toBe(headers.get('x-request-id'));
    const broken = await client.text('/broken', 'a', { 'x-request-id': 'the-one' });
    expect(broken.status).toBe(500);
    expect(log.errors).toEqual(['Error: secret of a (request the-one)']);
  });

  it('can use other headers or none', async () => {
    await start({ requestId: { header: 'X-Correlation-Id' } });
    const { headers } = await client.text('/classifyText', 'a', { 'x-correlation-id': 'c' });
    expect(headers.get('x-correlation-id')).toBe('c');
    expect(headers.get('x-request-id')).toBeNull();
    await app.close();
    await start({ requestId: false });
    const none = await client.text('/classifyText', 'a', { 'x-request-id': 'c' });
    expect(none.headers.get('x-request-id')).toBeNull();
    expect((await entries(2))[1]?.requestId).toBeUndefined();
  });
});

describe('Options of the access log', () => {
  it.each([
    [{ accessLog: 'all' as never }, /accessLog is "all"/],
    [{ accessLog: { skip: true as never } }, /accessLog\.skip is true/],
    [{ requestId: { header: 'a b' } }, /requestId\.header is "a b"/],
    [{ requestId: { name: 'a' } as never }, /requestId\."name" is not an option/],
    [{ tracing: 'yes' as never }, /tracing is "yes"/],
  ])('that are refused: %j', async (options, message) => {
    await expect(startApp(observedApp(options))).rejects.toThrow(message);
  });
});
