import { connect } from 'node:net';
import { once } from 'node:events';
import { setTimeout as delay } from 'node:timers/promises';
import { Controller, type INestApplication } from '@nestjs/common';
import { Json, Text, VtsApi, type RunnerStats } from 'nestjs-vts';
import { afterEach, describe, expect, it } from 'vitest';
import { HttpClient } from './helpers/http-client.js';
import { LONG_TEXT, observedApp, SentimentController } from './helpers/observed-app.js';
import { sendRaw } from './helpers/raw-http.js';
import { startApp } from './helpers/testing-app.js';

@Controller('slow')
class SlowController {
  @VtsApi({ input: Text, output: Text, timeoutMs: 200 })
  text(text: string): string {
    return text;
  }

  @VtsApi({ input: Json, output: Json, timeoutMs: 200 })
  json(value: unknown): unknown {
    return value;
  }
}

const error = (statusCode: number, name: string): object => ({
  status: statusCode,
  json: { statusCode, error: name, message: expect.any(String) },
});

describe('Limits', () => {
  let app: INestApplication;
  let client: HttpClient;
  afterEach(() => app.close());

  async function start(options: Parameters<typeof observedApp>[0] = {}): Promise<void> {
    const parts = observedApp(options);
    app = await startApp({ ...parts, controllers: [...parts.controllers, SlowController] });
    client = await HttpClient.of(app);
  }

  const stats = (): RunnerStats => app.get(SentimentController).runner.stats;

  it('of time: a late call costs nothing any more', async () => {
    await start({ runners: { fastai_sentiment: { workers: 1 } } });
    const answers = await Promise.all(
      Array.from({ length: 30 }, () => client.text('/inHaste', LONG_TEXT)),
    );
    for (const answer of answers) expect(answer).toMatchObject(error(504, 'Gateway Timeout'));
    // The one that runs goes on to its end, as native code cannot be stopped; the others are gone.
    expect(stats()).toMatchObject({ queued: 0, abandoned: 30, completed: 0 });
    expect((await client.text('/classifyText', 'good')).status).toBe(200);
    expect(stats()).toMatchObject({ queued: 0, running: 0, abandoned: 30, completed: 1 });
  });

  it('of time: a client that leaves costs nothing any more', async () => {
    await start({ runners: { fastai_sentiment: { workers: 1 } } });
    const leave = new AbortController();
    const all = Array.from({ length: 20 }, () =>
      client.text('/classifyText', LONG_TEXT, {}, leave.signal).catch(() => 'left'),
    );
    await expect.poll(() => stats().queued, { timeout: 10_000 }).toBeGreaterThan(10);
    leave.abort();
    await Promise.all(all);
    await expect.poll(() => stats().queued, { timeout: 10_000 }).toBe(0);
    expect((await client.text('/classifyText', 'good')).status).toBe(200);
    expect(stats().completed).toBeLessThan(20);
  });

  it.each([
    ['text', 'text/plain'],
    ['json', 'application/json'],
  ])('of time: a body of %s that does not come', async (name, type) => {
    await start({ timeoutMs: 200 });
    // The connection is closed as well: what comes on it would have to be read for ever.
    const { status, headers, body } = await sendRaw(
      app,
      `POST /slow/${name} HTTP/1.1\r\nHost: a\r\nContent-Type: ${type}\r\nContent-Length: 99\r\n\r\n[`,
    );
    expect(status).toBe(408);
    expect(headers.get('connection')).toBe('close');
    expect(JSON.parse(body)).toMatchObject({ statusCode: 408, error: 'Request Timeout' });
  });

  it('of concurrency', async () => {
    await start({ runners: { fastai_sentiment: { workers: 1, maxConcurrency: 3 } } });
    const answers = await Promise.all(
      Array.from({ length: 8 }, () => client.text('/classifyText', LONG_TEXT)),
    );
    const refused = answers.filter(({ status }) => status === 429);
    expect(answers.filter(({ status }) => status === 200)).toHaveLength(3);
    expect(refused).toHaveLength(5);
    for (const { headers } of refused) {
      expect(Number(headers.get('retry-after'))).toBeGreaterThan(0);
    }
    expect((await client.text('/classifyText', 'good')).status).toBe(200);
    const { text } = await client.get('/metrics');
    expect(text).toMatch(/vts_runner_shed_total\{[^}]*reason="concurrency"\} 5\n/);
  });

  it('do not outlast clients that sent several requests at once and left', async () => {
    await start({ runners: { fastai_sentiment: { workers: 1 } } });
    const { port } = app.getHttpServer().address() as { port: number };
    const socket = connect(port, 'localhost');
    await once(socket, 'connect');
    const head = `POST /classifyText HTTP/1.1\r\nHost: a\r\nContent-Type: text/plain\r\nContent-Length: ${LONG_TEXT.length}\r\n\r\n`;
    socket.write(`${head}${LONG_TEXT}`.repeat(3));
    await expect
      .poll(() => stats().queued + stats().running, { timeout: 10_000 })
      .toBeGreaterThanOrEqual(1);
    await delay(50);
    socket.destroy();
    const inProgress = /vts_http_requests_in_progress\{method="POST",route="\/classifyText"\} 0\n/;
    await expect
      .poll(async () => (await client.get('/metrics')).text, { timeout: 10_000 })
      .toMatch(inProgress);
    // No request is in progress any more: closing does not wait.
    await app.close();
  });
});
