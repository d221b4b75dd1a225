import type { INestApplication } from '@nestjs/common';
import { afterEach, describe, expect, it } from 'vitest';
import { HttpClient } from './helpers/http-client.js';
import { LONG_TEXT, observedApp, SentimentController } from './helpers/observed-app.js';
import { startApp } from './helpers/testing-app.js';

describe('Probes', () => {
  let app: INestApplication;
  let client: HttpClient;
  afterEach(() => app.close());

  async function start(
    options: Parameters<typeof observedApp>[0] = {},
    adjust: Parameters<typeof startApp>[1] = {},
  ): Promise<void> {
    app = await startApp(observedApp(options), adjust);
    client = await HttpClient.of(app);
  }

  const statuses = async (...paths: string[]): Promise<number[]> =>
    Promise.all(paths.map(async (path) => (await client.get(path)).status));

  it('are at their usual paths', async () => {
    await start();
    expect(await statuses('/livez', '/readyz', '/healthz')).toEqual([200, 200, 200]);
    expect((await client.get('/healthz')).json).toMatchObject({
      status: 'ok',
      details: { 'fastai_sentiment:latest': { status: 'up', full: false, queued: 0 } },
    });
  });

  it('can be moved, and left out', async () => {
    await start({ health: { prefix: '/internal/health/', livez: 'alive', healthz: false } });
    expect(await statuses('/internal/health/alive', '/internal/health/readyz')).toEqual([200, 200]);
    expect(await statuses('/livez', '/readyz', '/healthz', '/internal/health/healthz')).toEqual([
      404, 404, 404, 404,
    ]);
    await app.close();
    await start({ health: false });
    expect(await statuses('/livez', '/readyz', '/healthz')).toEqual([404, 404, 404]);
  });

  it('are not ready while a queue is full, and are again when it is not', async () => {
    await start({ runners: { fastai_sentiment: { workers: 1, maxQueueSize: 2 } } });
    const answers = Array.from({ length: 6 }, () => client.text('/classifyText', LONG_TEXT));
    await expect
      .poll(async () => (await client.get('/readyz')).json, { timeout: 10_000 })
      .toMatchObject({
        statusCode: 503,
        error: 'Service Unavailable',
        message: expect.stringMatching(/the queue of fastai_sentiment:\w+ is full\.$/),
      });
    expect(await statuses('/livez', '/healthz')).toEqual([200, 200]);
    const all = await Promise.all(answers);
    expect(new Set(all.map(({ status }) => status))).toEqual(new Set([200, 503]));
    for (const { status, headers } of all) {
      if (status === 503) expect(Number(headers.get('retry-after'))).toBeGreaterThan(0);
    }
    expect(await statuses('/readyz')).toEqual([200]);
  });

  it('are not ready while the model is not loaded anywhere', async () => {
    await start();
    const { runner } = app.get(SentimentController);
    await runner.close();
    const ready = await client.get('/readyz');
    expect(ready).toMatchObject({ status: 503, json: { statusCode: 503 } });
    expect(ready.text).toMatch(/no worker has fastai_sentiment:\w+ loaded/);
    expect((await client.get('/healthz')).json).toMatchObject({
      details: { 'fastai_sentiment:latest': { status: 'degraded' } },
    });
  });
});

describe('Options of probes', () => {
  it.each([
    [{ prefix: '/:tenant' }, /health\.prefix/],
    [{ livez: '' }, /health\.livez is ""/],
    [{ live: 'a' } as never, /health\."live" is not an option/],
    [null as never, /health is null/],
  ])('that are refused: %j', async (health, message) => {
    await expect(startApp(observedApp({ health }))).rejects.toThrow(message);
  });
});
