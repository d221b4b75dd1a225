import 'reflect-metadata';
import { once } from 'node:events';
import { createServer, type IncomingHttpHeaders, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { Controller, Module, type INestApplication } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import type { AbstractHttpAdapter } from '@nestjs/core';
import { ExpressAdapter } from '@nestjs/platform-express';
import { FastifyAdapter } from '@nestjs/platform-fastify';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { hasRedis, RedisServer } from '../../../test/helpers/redis.js';
import { VtsApi } from '../decorators/vts-api.decorator.js';
import { createVtsDocument } from '../http/create-document.js';
import { Json } from '../io/json.js';
import { Text } from '../io/text.js';
import { VtsModule } from '../vts.module.js';
import { jobProgress } from './job-scope.js';
import type { JobResource } from './job-resource.js';
import type { VtsJobsOptions } from './jobs-options.js';
import { webhookHeaders, webhookKey } from './webhook/signature.js';

const SECRET = `whsec_${Buffer.alloc(32, 5).toString('base64')}`;

/** A limit for what does not happen, and no claim about time. */
const WAIT = { timeout: 20_000 };

interface Step {
  resolve(): void;
}

/** Handlers wait here until the test lets them go on. */
const waiting: Step[] = [];
const step = (): Promise<void> => new Promise((resolve) => waiting.push({ resolve }));
async function goOn(): Promise<void> {
  await expect.poll(() => waiting.length, WAIT).toBeGreaterThan(0);
  waiting.shift()!.resolve();
}

@Controller()
class WorkController {
  @VtsApi({ input: Json, output: Json, job: true })
  async work(value: unknown): Promise<unknown> {
    await step();
    jobProgress(0.5);
    await step();
    return value;
  }

  @VtsApi({ input: Text, output: Text, job: true })
  shout(text: string): string {
    if (text === 'fail') throw new TypeError('inside');
    return text.toUpperCase();
  }

  @VtsApi({ input: Text, output: Text })
  plain(text: string): string {
    return text;
  }
}

const ADAPTERS: [string, () => AbstractHttpAdapter][] = [
  ['Express', () => new ExpressAdapter()],
  ['Fastify', () => new FastifyAdapter() as never],
];

interface Told {
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

describe.skipIf(!hasRedis).each(ADAPTERS)('Jobs as others see them, on %s', (_, adapter) => {
  let redis: RedisServer;
  /** Takes jobs and runs none. */
  let api: INestApplication;
  let worker: INestApplication;
  let url: string;
  let receiver: Server;
  let hook: string;
  const told: Told[] = [];
  /** Texts that messages have in them which the receiver refuses, once each. */
  const refused = new Set<string>();

  async function start(jobs: Partial<VtsJobsOptions>): Promise<INestApplication> {
    @Module({
      imports: [
        VtsModule.forRoot({
          accessLog: false,
          jobs: {
            connection: redis.url,
            webhook: {
              secret: SECRET,
              url: hook,
              allowedOrigins: [new URL(hook).origin],
              allowPrivateAddresses: true,
              includeResult: true,
              retryDelaysMs: [10, 10],
            },
            ...jobs,
          },
        }),
      ],
      controllers: [WorkController],
    })
    class AppModule {}
    const app = await NestFactory.create(AppModule, adapter(), {
      logger: false,
      abortOnError: false,
    });
    await app.listen(0, '127.0.0.1');
    return app;
  }

  beforeAll(async () => {
    waiting.length = 0;
    redis = await RedisServer.start();
    receiver = createServer(async (request, response) => {
      let body = '';
      for await (const chunk of request) body += String(chunk);
      told.push({ headers: request.headers, body });
      const text = [...refused].find((each) => body.includes(each));
      response.writeHead(text === undefined ? 204 : 500).end();
      if (text !== undefined) refused.delete(text);
    }).listen(0, '127.0.0.1');
    await once(receiver, 'listening');
    hook = `http://127.0.0.1:${(receiver.address() as AddressInfo).port}/hook`;
    api = await start({ process: false });
    worker = await start({});
    url = await api.getUrl();
  });
  afterAll(async () => {
    await Promise.all([api?.close(), worker?.close()]);
    receiver?.closeAllConnections();
    receiver?.close();
    await redis?.stop();
  });

  async function submit(route: string, body: unknown, headers = {}): Promise<Response> {
    const text = typeof body === 'string';
    return fetch(`${url}/${route}/jobs`, {
      method: 'POST',
      headers: { 'content-type': text ? 'text/plain' : 'application/json', ...headers },
      body: text ? body : JSON.stringify(body),
    });
  }
  const pathOf = (response: Response): string => url + response.headers.get('location')!;
  const messagesOf = (path: string): Told[] =>
    told.filter(({ body }) => body.includes(path.split('/').at(-1)!));

  /** Events of a stream, as they come. */
  async function* eventsOf(response: Response): AsyncGenerator<Record<string, string>> {
    let rest = '';
    for await (const chunk of response.body!.pipeThrough(new TextDecoderStream())) {
      const parts = (rest + chunk).split('\n\n');
      rest = parts.pop()!;
      for (const part of parts.filter((each) => !each.startsWith(':'))) {
        yield Object.fromEntries(part.split('\n').map((line) => line.split(/: (.*)/s)));
      }
    }
  }

  it('are followed by events, from another process than the one that runs them', async () => {
    const path = pathOf(await submit('work', { a: 1 }));
    const response = await fetch(`${path}/events`);
    expect(response.headers.get('content-type')).toMatch(/^text\/event-stream/);
    expect(response.headers.get('cache-control')).toBe('no-cache');
    const states: [string, number | null][] = [];
    let last: Record<string, string> = {};
    let lastId: string | undefined;
    for await (const event of eventsOf(response)) {
      last = event;
      if (event['event'] === 'end') break;
      const job = JSON.parse(event['data']!) as JobResource;
      lastId = event['id'];
      states.push([job.state, job.progress]);
      if (job.state === 'running') await goOn();
    }
    expect(last).toMatchObject({ event: 'end' });
    expect(states.at(-1)).toEqual(['succeeded', 1]);
    expect(states).toContainEqual(['running', 0.5]);
    // A browser that comes back has nothing to learn, and stays away for that.
    const again = await fetch(`${path}/events`, { headers: { 'last-event-id': lastId! } });
    expect([again.status, await again.text()]).toEqual([204, '']);
    // Who asks for events at the job's own path gets them.
    const there = await fetch(path, { headers: { accept: 'text/event-stream' } });
    expect(await there.text()).toContain('event: end');
    expect(await (await fetch(`${path}/result`)).json()).toEqual({ a: 1 });
  });

  it('are not followed if they do not exist', async () => {
    for (const id of ['x', 'a'.repeat(32), '%2e%2e']) {
      const response = await fetch(`${url}/work/jobs/${id}/events`);
      expect([id, response.status]).toEqual([id, 404]);
      expect(response.headers.get('content-type')).toMatch(/^application\/json/);
      await response.arrayBuffer();
    }
  });

  it('send a signed message when they have ended', async () => {
    refused.add('QUIETLY');
    const path = pathOf(await submit('shout', 'quietly'));
    await expect.poll(() => messagesOf(path), WAIT).toHaveLength(2);
    const [first, second] = messagesOf(path) as [Told, Told];
    expect(second.body).toBe(first.body);
    expect(second.headers['webhook-id']).toBe(first.headers['webhook-id']);
    const id = path.split('/').at(-1)!;
    const timestamp = Number(second.headers['webhook-timestamp']);
    const signed = webhookHeaders([webhookKey(SECRET)!], { id, timestamp, body: second.body });
    expect(second.headers).toMatchObject(signed);
    const job = (await (await fetch(path)).json()) as JobResource;
    expect(JSON.parse(second.body)).toEqual({
      type: 'job.succeeded',
      timestamp: job.finishedAt,
      data: {
        ...job,
        result: { contentType: 'text/plain; charset=utf-8', encoding: 'utf8', body: 'QUIETLY' },
      },
    });
  });

  it('send a message when they fail and when they are cancelled', async () => {
    const failed = pathOf(await submit('shout', 'fail'));
    await expect.poll(() => messagesOf(failed), WAIT).toHaveLength(1);
    const { type, data } = JSON.parse(messagesOf(failed)[0]!.body) as {
      type: string;
      data: JobResource;
    };
    expect([type, data.error?.message]).toEqual(['job.failed', 'Internal server error']);
    const cancelled = pathOf(await submit('work', 1));
    expect((await fetch(cancelled, { method: 'DELETE' })).status).toBe(200);
    await expect.poll(() => messagesOf(cancelled), WAIT).toHaveLength(1);
    expect(messagesOf(cancelled)[0]!.body).toMatch(/^{"type":"job\.cancelled"/);
  });

  it('send a message to the address in a request, if the list allows it', async () => {
    const at = `${hook}?token=1`;
    const path = pathOf(await submit('shout', 'a', { 'webhook-url': at }));
    await expect.poll(() => messagesOf(path), WAIT).toHaveLength(1);
    const other = await submit('shout', 'a', { 'webhook-url': 'http://169.254.169.254/' });
    expect(other.status).toBe(400);
    expect(await other.json()).toMatchObject({
      message: expect.stringMatching(/^Webhook-Url: the origin .* is not on the service's list/),
    });
  });

  it('are in the OpenAPI document, with names for clients', () => {
    const { paths, components } = createVtsDocument(api);
    const operations = Object.entries(paths).flatMap(([path, item]) =>
      Object.entries(item as Record<string, { operationId?: string }>).map(
        ([method, { operationId }]) => `${method} ${path} ${operationId}`,
      ),
    );
    expect(operations.filter((each) => each.includes('/work'))).toEqual([
      'post /work work',
      'post /work/jobs submitWorkJob',
      'get /work/jobs/{jobId} getWorkJob',
      'delete /work/jobs/{jobId} cancelWorkJob',
      'get /work/jobs/{jobId}/events watchWorkJob',
      'get /work/jobs/{jobId}/result getWorkJobResult',
    ]);
    expect(operations.filter((each) => each.includes('/plain'))).toEqual(['post /plain plain']);
    expect(Object.keys(components?.schemas ?? {})).toContain('VtsJob');
    const { post } = paths['/shout/jobs']!;
    expect(Object.keys(post!.responses)).toEqual(
      expect.arrayContaining(['202', '400', '404', '409', '413', '415', '422', '429', '503']),
    );
    expect(post).toMatchObject({
      requestBody: { content: { 'text/plain': { schema: { type: 'string' } } } },
      parameters: [{ name: 'Idempotency-Key', in: 'header' }, { name: 'Webhook-Url' }],
      responses: { 202: { headers: { Location: {} } } },
    });
  });

  it('end their streams when the application ends', async () => {
    const own = await start({ process: false });
    const path = pathOf(await submit('work', 1)).replace(url, await own.getUrl());
    const response = await fetch(`${path}/events`);
    const reading = response.text();
    await delay(0);
    await own.close();
    expect(await reading).not.toContain('event: end');
    await fetch(path.replace(/^http:\/\/[^/]+/, url), { method: 'DELETE' });
  });
});
