import { readFileSync } from 'node:fs';
import { createBullBoard } from '@bull-board/api';
import { BullMQAdapter } from '@bull-board/api/bullMQAdapter';
import { ExpressAdapter as BoardAdapter } from '@bull-board/express';
import {
  Controller,
  Module,
  VersioningType,
  type DynamicModule,
  type INestApplication,
  type MiddlewareConsumer,
  type Type,
} from '@nestjs/common';
import { APP_GUARD, LazyModuleLoader, NestFactory } from '@nestjs/core';
import { InjectQueue } from '@nestjs/bullmq';
import { Throttle, ThrottlerGuard, ThrottlerModule } from '@nestjs/throttler';
import { trace, type Span } from '@opentelemetry/api';
import {
  BasicTracerProvider,
  InMemorySpanExporter,
  SimpleSpanProcessor,
} from '@opentelemetry/sdk-trace-base';
import type { Queue } from 'bullmq';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { jobsApp, JobsClient } from '../../../test/helpers/jobs-app.js';
import { hasRedis, RedisServer } from '../../../test/helpers/redis.js';
import { VtsApi } from '../decorators/vts-api.decorator.js';
import { Text } from '../io/text.js';
import { VtsModule } from '../vts.module.js';

@Controller({ path: 'hosted', version: '2' })
class Hosted {
  @Throttle({ default: { limit: 3, ttl: 60_000 } })
  @VtsApi({ input: Text, output: Text, job: true })
  upper(text: string): string {
    return text.toUpperCase();
  }

  @VtsApi({ input: Text, output: Text, job: true })
  failing(): string {
    throw new Error('no');
  }
}

/** A class that is declared now. */
function lateController(): Type {
  @Controller()
  class Late {
    @VtsApi({ input: Text, output: Text, job: true })
    late(text: string): string {
      return text.toUpperCase();
    }
  }
  return Late;
}

describe.runIf(hasRedis).each(['express', 'fastify'])('Jobs in an application on %s', (on) => {
  let redis: RedisServer;
  let app: INestApplication | undefined;

  beforeAll(async () => {
    redis = await RedisServer.start();
  });
  afterAll(() => redis.stop());
  afterEach(() => app?.close());

  const start = async (metadata: object = {}): Promise<JobsClient> => {
    const connection = redis.url;
    const all = { controllers: [Hosted], ...metadata };
    app = await jobsApp(
      on,
      { connection },
      all,
      {},
      {
        app: (made) => {
          made.setGlobalPrefix('api');
          made.enableVersioning({ type: VersioningType.URI });
          made.enableCors({ origin: 'https://page.example', exposedHeaders: ['location'] });
        },
      },
    );
    return JobsClient.of(app);
  };

  it('have its prefix, versions and headers', async () => {
    const client = await start();
    const origin = { origin: 'https://page.example' };
    const taken = await client.submit('/api/v2/hosted/upper', 'a', origin);
    const location = taken.headers.get('location')!;
    expect(location).toMatch(/^\/api\/v2\/hosted\/upper\/jobs\/[\w-]{32}$/);
    for (const { headers } of [taken, await client.http.get(location, origin)]) {
      expect(headers.get('access-control-allow-origin')).toBe('https://page.example');
      expect(headers.get('x-request-id')).toBeTruthy();
    }
    await client.ended(location);
    expect((await client.http.get(`${location}/result`)).text).toBe('A');
  });

  it('are throttled like their endpoint', async () => {
    const client = await start({
      imports: [ThrottlerModule.forRoot([{ limit: 1000, ttl: 60_000 }])],
      providers: [{ provide: APP_GUARD, useClass: ThrottlerGuard }],
    });
    const statuses: number[] = [];
    for (let at = 0; at < 4; at++) {
      statuses.push((await client.submit('/api/v2/hosted/upper', 'a')).status);
    }
    expect(statuses).toEqual([202, 202, 202, 429]);
  });

  it('are counted, by route and by name', async () => {
    const client = await start();
    const good = await client.submitted('/api/v2/hosted/upper', 'a');
    const bad = await client.submitted('/api/v2/hosted/failing', 'a');
    await Promise.all([client.ended(good), client.ended(bad)]);
    const { text } = await client.http.get('/api/metrics');
    const lines = text.split('\n');
    for (const line of [
      'vts_jobs_submitted_total{name="Hosted.upper"} 1',
      'vts_jobs_ended_total{name="Hosted.upper",state="succeeded"} 1',
      'vts_jobs_ended_total{name="Hosted.failing",state="failed"} 1',
      'vts_jobs_run_seconds_count{name="Hosted.upper"} 1',
      'vts_jobs_wait_seconds_count{name="Hosted.upper"} 1',
      'vts_jobs_running 0',
    ]) {
      expect(
        lines.map((each) => each.replace(/^(\w+)\{name="([^"]*)",?/, '$1{name="$2",')),
      ).toContain(line.replace(/^(\w+)\{name="([^"]*)",?/, '$1{name="$2",'));
    }
    expect(text).toMatch(/^vts_jobs_waiting \d+$/m);
    expect(text).toContain('route="/api/v2/hosted/upper/jobs/:jobId"');
    expect(text).not.toContain(good.split('/').at(-1));

    // What the dashboard and the alerts ask for.
    const files = 'deploy/helm/nestjs-vts/files';
    const asked = ['dashboard.json', 'alerts.yaml'].flatMap((file) => [
      ...readFileSync(`${files}/${file}`, 'utf8').matchAll(/vts_jobs_\w+/g),
    ]);
    const names = new Set(asked.map(([name]) => name));
    expect(names.size).toBeGreaterThanOrEqual(4);
    const told = new Set(lines.map((line) => /^\w+/.exec(line)?.[0]));
    expect([...names].filter((name) => !told.has(name))).toEqual([]);
  });

  it('exist for classes of a slow import', async () => {
    const late = async (): Promise<DynamicModule> => {
      // Longer than the module of jobs takes.
      await import('./jobs.module.js');
      await new Promise((resolve) => setTimeout(resolve, 200));
      return { module: class LateModule {}, controllers: [lateController()] };
    };
    const client = await start({ imports: [late()] });
    const location = await client.submitted('/api/late', 'a');
    await client.ended(location);
    expect((await client.http.get(`${location}/result`)).text).toBe('A');
  });

  it('do not exist for lazily loaded modules, and the log says so', async () => {
    const warn = vi.fn();
    const logger = { log: vi.fn(), warn, error: vi.fn() };
    app = await jobsApp(on, { connection: redis.url }, { controllers: [Hosted] }, {}, { logger });
    await app.get(LazyModuleLoader).load(() => {
      @Module({ controllers: [lateController()] })
      class LazyModule {}
      return LazyModule;
    });
    const client = await JobsClient.of(app);
    for (const path of ['/late', '/late/jobs']) {
      expect((await client.http.text(path, 'a')).status).toBe(404);
    }
    const said =
      'Late.late has job: true, but its class was loaded after the application had started';
    expect(warn.mock.calls.flat().join()).toContain(said);
  });

  it('have spans that link to their requests', async () => {
    const exporter = new InMemorySpanExporter();
    const provider = new BasicTracerProvider({
      spanProcessors: [new SimpleSpanProcessor(exporter)],
    });
    trace.setGlobalTracerProvider(provider);
    try {
      const client = await start();
      const traceId = 'ab'.repeat(16);
      const traceparent = `00-${traceId}-${'cd'.repeat(8)}-01`;
      const location = await client.submitted('/api/v2/hosted/upper', 'a', { traceparent });
      await client.ended(location);
      const find = () =>
        exporter.getFinishedSpans().find(({ name }) => name === 'job Hosted.upper');
      while (find() === undefined) await new Promise((resolve) => setTimeout(resolve, 10));
      const span = find()!;
      expect(span.links.map(({ context }) => context.traceId)).toEqual([traceId]);
      expect(span.attributes['vts.job.id']).toBe(location.split('/').at(-1));
      expect((span as unknown as Span).spanContext().traceId).not.toBe(traceId);
    } finally {
      trace.disable();
      await provider.shutdown();
    }
  });
});

describe.runIf(hasRedis)('The queue of jobs', () => {
  it('is on the dashboard of bull-board', async () => {
    const redis = await RedisServer.start();
    @Module({
      imports: [VtsModule.forRoot({ home: '/nonexistent', jobs: { connection: redis.url } })],
      controllers: [Hosted],
    })
    class Root {
      constructor(@InjectQueue('vts-jobs') private readonly queue: Queue) {}

      configure(consumer: MiddlewareConsumer): void {
        const serverAdapter = new BoardAdapter();
        serverAdapter.setBasePath('/board');
        createBullBoard({
          queues: [new BullMQAdapter(this.queue)],
          // Its type is wrong under exactOptionalPropertyTypes.
          serverAdapter: serverAdapter as never,
        });
        consumer.apply(serverAdapter.getRouter()).forRoutes('/board');
      }
    }
    const app = await NestFactory.create(Root, { logger: false, abortOnError: false });
    try {
      app.enableVersioning({ type: VersioningType.URI });
      await app.listen(0);
      const client = await JobsClient.of(app);
      const location = await client.submitted('/v2/hosted/failing', 'a');
      await client.ended(location);
      const path = '/board/api/queues?activeQueue=vts-jobs&status=failed&page=1&jobsPerPage=10';
      const { json } = await client.http.get(path);
      expect(JSON.stringify(json)).toContain(location.split('/').at(-1));
    } finally {
      await app.close();
      await redis.stop();
    }
  });
});
