import { readFile } from 'node:fs/promises';
import { context, propagation, SpanKind, SpanStatusCode, trace } from '@opentelemetry/api';
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks';
import { W3CTraceContextPropagator } from '@opentelemetry/core';
import {
  BasicTracerProvider,
  InMemorySpanExporter,
  SimpleSpanProcessor,
  type ReadableSpan,
} from '@opentelemetry/sdk-trace-base';
import { Controller, Logger, type INestApplication } from '@nestjs/common';
import {
  fastai,
  ModelStore,
  NumpyNdarray,
  Runnable,
  RunnableMethod,
  Runner,
  Text,
  VtsApi,
  type FastaiRunner,
  type Tensor,
} from 'nestjs-vts';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { HttpClient } from './helpers/http-client.js';
import { LONG_TEXT, observedApp } from './helpers/observed-app.js';
import { startRunnable } from './helpers/runner-app.js';
import { startApp } from './helpers/testing-app.js';

const TRACE = '0af7651916cd43dd8448eb211c80319c';
const PARENT = `00-${TRACE}-b7ad6b7169203331-01`;

@Controller()
class TwiceController {
  constructor(@Runner('fastai_sentiment') private readonly runner: FastaiRunner<string>) {}

  @VtsApi({ input: Text, output: NumpyNdarray })
  async twice(text: string): Promise<Tensor> {
    await this.runner.predict.run(text);
    return trace
      .getTracer('app')
      .startActiveSpan(
        'mine',
        async (span) => (await this.runner.predict.run(text).finally(() => span.end()))[2],
      );
  }

  @VtsApi({ input: Text, output: Text })
  async wrongItem(): Promise<string> {
    return String(await this.runner.predict.run(1 as never));
  }
}

@Runnable()
class Doubler {
  @RunnableMethod({ batchable: true })
  async double(items: number[]): Promise<number[]> {
    await new Promise((resolve) => setTimeout(resolve, 30));
    return items.map((item) => item * 2);
  }
}

const ms = ([seconds, nanos]: readonly [number, number]): number => seconds * 1000 + nanos / 1e6;
const startOf = (span: ReadableSpan): number => ms(span.startTime);
const endOf = (span: ReadableSpan): number => ms(span.endTime);

async function start(options: Parameters<typeof observedApp>[0] = {}): Promise<INestApplication> {
  const parts = observedApp({ runners: { fastai_sentiment: { workers: 1 } }, ...options });
  return startApp({ ...parts, controllers: [...parts.controllers, TwiceController] });
}

describe('Traces without an SDK', () => {
  it('go on under the ids of the client, and nothing is recorded', async () => {
    const ids: (string | undefined)[] = [];
    const logger = {
      log: (message: unknown, name?: string) => {
        if (name === 'VtsAccess') ids.push((message as { traceId?: string }).traceId);
      },
      warn: () => undefined,
      error: () => undefined,
    };
    const app = await startApp(observedApp(), { logger });
    const client = await HttpClient.of(app);
    const { headers } = await client.text('/classifyText', 'a', { traceparent: PARENT });
    expect(headers.get('traceresponse')).toBe(PARENT);
    expect(headers.get('traceparent')).toBe(PARENT);
    for (const bad of [
      'nonsense',
      `00-${'0'.repeat(32)}-b7ad6b7169203331-01`,
      `ff-${TRACE}-b7ad6b7169203331-01`,
      `${PARENT}-more`,
      PARENT.toUpperCase(),
    ]) {
      const answer = await client.text('/classifyText', 'a', { traceparent: bad });
      expect(answer.status).toBe(200);
      expect(answer.headers.get('traceresponse')).toBeNull();
    }
    await expect.poll(() => ids.length).toBe(6);
    expect(ids).toEqual([TRACE, ...Array.from({ length: 5 }, () => undefined)]);
    await app.close();
    Logger.overrideLogger(false);
  });
});

describe.each([
  ['with a context manager', true],
  ['without a context manager', false],
])('Traces by an SDK %s', (_name, managed) => {
  const exporter = new InMemorySpanExporter();
  const provider = new BasicTracerProvider({ spanProcessors: [new SimpleSpanProcessor(exporter)] });
  let app: INestApplication;
  let client: HttpClient;

  beforeAll(async () => {
    trace.setGlobalTracerProvider(provider);
    if (managed) {
      context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
      propagation.setGlobalPropagator(new W3CTraceContextPropagator());
    }
    app = await start();
    client = await HttpClient.of(app);
  });
  afterEach(() => exporter.reset());
  afterAll(async () => {
    await app.close();
    trace.disable();
    context.disable();
    propagation.disable();
  });

  /** The spans of requests, once as many have ended. */
  async function servers(count = 1): Promise<ReadableSpan[]> {
    const found = (): ReadableSpan[] =>
      exporter.getFinishedSpans().filter(({ kind }) => kind === SpanKind.SERVER);
    await expect.poll(() => found().length).toBe(count);
    return found();
  }

  const named = (name: string): ReadableSpan[] =>
    exporter.getFinishedSpans().filter((span) => span.name === name);

  it('have a span of the request, by the semantic conventions', async () => {
    const { headers } = await client.text('/classifyText?secret=1', 'good', {
      traceparent: PARENT,
      'user-agent': 'test/1',
      'x-request-id': 'the-one',
    });
    const [server] = await servers();
    expect(server?.name).toBe('POST /classifyText');
    expect(server?.spanContext().traceId).toBe(TRACE);
    expect(server?.parentSpanContext?.spanId).toBe('b7ad6b7169203331');
    expect(server?.attributes).toMatchObject({
      'http.request.method': 'POST',
      'http.route': '/classifyText',
      'http.response.status_code': 200,
      'http.request.body.size': 4,
      'url.path': '/classifyText',
      'url.scheme': 'http',
      'server.address': 'localhost',
      'server.port': Number(new URL(await app.getUrl()).port),
      'network.protocol.version': '1.1',
      'user_agent.original': 'test/1',
      'vts.request.id': 'the-one',
    });
    expect(JSON.stringify(server?.attributes)).not.toContain('secret');
    expect(server?.status.code).toBe(SpanStatusCode.UNSET);
    const { traceId, spanId } = server!.spanContext();
    expect(headers.get('traceresponse')).toBe(`00-${traceId}-${spanId}-01`);
    expect(headers.get('traceparent')).toBe(`00-${traceId}-${spanId}-01`);
  });

  it('have spans of the worker’s phases, with its times', async () => {
    await client.text('/classifyText', 'good '.repeat(200));
    const [server] = await servers();
    const [[queue], [tokenize], [run]] = [named('queue'), named('tokenize'), named('run')];
    for (const child of [queue, tokenize, run]) {
      expect(child?.parentSpanContext?.spanId).toBe(server?.spanContext().spanId);
      expect(child?.attributes['vts.runner']).toMatch(/^fastai_sentiment:/);
      expect(child?.attributes['vts.method']).toBe('predict');
    }
    const times = [startOf(server!), startOf(queue!), endOf(queue!), startOf(tokenize!)];
    times.push(endOf(tokenize!), startOf(run!), endOf(run!), endOf(server!));
    // The clocks of threads differ by microseconds.
    for (let i = 1; i < times.length; i++) expect(times[i]).toBeGreaterThan(times[i - 1]! - 1);
    expect(endOf(run!) - startOf(run!)).toBeGreaterThan(0);
    expect(endOf(tokenize!) - startOf(tokenize!)).toBeGreaterThan(0);
  });

  it('show who waited for whom', async () => {
    const answers = await Promise.all([1, 2].map(() => client.text('/classifyText', LONG_TEXT)));
    expect(answers.map(({ status }) => status)).toEqual([200, 200]);
    await servers(2);
    const queues = named('queue').sort((a, b) => endOf(a) - endOf(b));
    const runs = named('run').sort((a, b) => endOf(a) - endOf(b));
    expect(queues).toHaveLength(2);
    expect(runs).toHaveLength(2);
    // The second one had its turn when the first one's was over.
    expect(endOf(queues[1]!)).toBeGreaterThan(endOf(runs[0]!) - 1);
  });

  it('have the application’s own spans in between', async () => {
    await client.text('/twice', 'good');
    const [server] = await servers();
    const [mine] = named('mine');
    const parents = named('run').map((span) => span.parentSpanContext?.spanId);
    const own = managed ? mine?.spanContext().spanId : server?.spanContext().spanId;
    expect(parents).toEqual([server?.spanContext().spanId, own]);
  });

  it('tell of errors', async () => {
    await client.text('/wrongItem', 'a');
    await client.text('/broken', 'a');
    await client.get('/no/such');
    const [wrong, broken, missing] = await servers(3);
    expect(wrong?.attributes['http.response.status_code']).toBe(400);
    expect(wrong?.status.code).toBe(SpanStatusCode.UNSET);
    const [run] = named('run');
    expect(run?.status).toMatchObject({ code: SpanStatusCode.ERROR });
    expect(run?.attributes['error.type']).toBe('RunInputError');
    expect(broken?.attributes).toMatchObject({
      'http.response.status_code': 500,
      'error.type': '500',
    });
    expect(broken?.status.code).toBe(SpanStatusCode.ERROR);
    expect(missing?.name).toBe('GET');
    expect(missing?.attributes['http.route']).toBeUndefined();
  });

  it('end when a client leaves', async () => {
    const leave = new AbortController();
    const left = client.text('/classifyText', LONG_TEXT, {}, leave.signal).catch(() => 'left');
    await new Promise((resolve) => setTimeout(resolve, 40));
    leave.abort();
    expect(await left).toBe('left');
    const [server] = await servers();
    expect(server?.attributes['error.type']).toBe('client_left');
  });

  it.runIf(managed)('have the reading of images', async () => {
    const model = await fastai.get('shapes', {
      store: new ModelStore('sample/04-vision/models-home'),
    });
    const runner = model.toRunner({ workers: 1 });
    const picture = await readFile('sample/04-vision/pictures/circle.jpg');
    await trace
      .getTracer('app')
      .startActiveSpan('mine', (span) => runner.predict.run(picture).finally(() => span.end()));
    await runner.close();
    const [[decode], [run]] = [named('decode'), named('run')];
    expect(decode?.attributes['vts.runner']).toMatch(/^shapes:/);
    expect(startOf(run!)).toBeGreaterThanOrEqual(endOf(decode!) - 1);
    const own = named('mine')[0]?.spanContext().spanId;
    expect([decode, run].map((span) => span?.parentSpanContext?.spanId)).toEqual([own, own]);
  });

  it.runIf(managed)('say which calls shared a run', async () => {
    const doubler = await startRunnable(Doubler, 'doubler');
    // The first call runs alone, and tells how many may run together.
    await doubler.runner.double.run([0]);
    exporter.reset();
    const results = await trace.getTracer('app').startActiveSpan('mine', async (span) => {
      const all = [[1], [2, 3], [4]].map((items) => doubler.runner.double.run(items));
      return Promise.all(all).finally(() => span.end());
    });
    expect(results).toEqual([[2], [4, 6], [8]]);
    const [mine] = named('mine');
    const runs = named('run');
    expect(named('queue')).toHaveLength(3);
    expect(runs).toHaveLength(3);
    for (const { attributes, parentSpanContext } of runs) {
      expect(parentSpanContext?.spanId).toBe(mine?.spanContext().spanId);
      expect(attributes).toMatchObject({
        'vts.runner': 'doubler',
        'vts.method': 'double',
        'vts.batch.calls': 3,
        'vts.batch.rows': 4,
      });
    }
    await doubler.app.close();
  });

  it.runIf(managed)('have no second span where another instrumentation has one', async () => {
    // As instrumentations of node:http do: a span around everything that serves the request.
    const listeners = app.getHttpServer().listeners('request') as ((...args: unknown[]) => void)[];
    const server = app.getHttpServer();
    server.removeAllListeners('request');
    server.on('request', (...args: unknown[]) => {
      trace.getTracer('http').startActiveSpan('outer', { kind: SpanKind.SERVER }, (span) => {
        (args[1] as NodeJS.EventEmitter).once('close', () => span.end());
        for (const listener of listeners) listener.apply(server, args);
      });
    });
    const { headers } = await client.text('/classifyText', 'good');
    const [outer, ...others] = await servers();
    expect(others).toEqual([]);
    expect(outer?.name).toBe('outer');
    expect(outer?.attributes['http.route']).toBe('/classifyText');
    expect(named('run')[0]?.parentSpanContext?.spanId).toBe(outer?.spanContext().spanId);
    expect(headers.get('traceresponse')).toContain(outer?.spanContext().spanId);
    server.removeAllListeners('request');
    for (const listener of listeners) server.on('request', listener);
  });

  it.runIf(managed)('can be turned off', async () => {
    const silent = await start({ tracing: false });
    const other = await HttpClient.of(silent);
    const { headers, status } = await other.text('/classifyText', 'a', { traceparent: PARENT });
    expect(status).toBe(200);
    expect(headers.get('traceresponse')).toBeNull();
    await silent.close();
    expect(exporter.getFinishedSpans()).toEqual([]);
  });
});
