import { Inject, Injectable, type INestApplication } from '@nestjs/common';
import { Counter, register, type Registry } from 'prom-client';
import { VTS_METRICS_REGISTRY } from 'nestjs-vts';
import { afterEach, describe, expect, it } from 'vitest';
import { HttpClient } from './helpers/http-client.js';
import { LONG_TEXT, observedApp } from './helpers/observed-app.js';
import { startApp } from './helpers/testing-app.js';

@Injectable()
class Reviews {
  constructor(@Inject(VTS_METRICS_REGISTRY) registry: Registry) {
    new Counter({ name: 'reviews_total', help: 'Reviews', registers: [registry] }).inc(3);
  }
}

describe('Metrics', () => {
  let app: INestApplication;
  let client: HttpClient;
  afterEach(() => app.close());

  async function start(
    options: Parameters<typeof observedApp>[0] = {},
    adjust: Parameters<typeof startApp>[1] = {},
  ): Promise<void> {
    app = await startApp({ ...observedApp(options), providers: [Reviews] }, adjust);
    client = await HttpClient.of(app);
  }

  /** Samples by name and labels, as they are written. */
  async function samples(path = '/metrics'): Promise<Map<string, number>> {
    const { status, type, text } = await client.get(path);
    expect(status).toBe(200);
    expect(type).toMatch(/^text\/plain; version=0\.0\.4/);
    const lines = text.split('\n').filter((line) => line !== '' && !line.startsWith('#'));
    return new Map(
      lines.map((line) => {
        const space = line.lastIndexOf(' ');
        return [line.slice(0, space), Number(line.slice(space + 1))];
      }),
    );
  }

  const ofRequests = (all: ReadonlyMap<string, number>): Record<string, number> =>
    Object.fromEntries([...all].filter(([name]) => name.startsWith('vts_http_requests_total')));

  it('count requests by method, pattern of the route, and status', async () => {
    await start();
    await client.text('/classifyText', 'good');
    await client.text('/classifyText', 'bad');
    await client.json('/classifyText', '{}');
    await client.text('/broken', 'a');
    await client.get('/things/1');
    await client.get('/things/2?secret=3');
    await client.get('/things/none');
    await client.post('/things', undefined, '');
    for (let i = 0; i < 50; i++) await client.get(`/wp-admin/${i}`);
    await client.get('/livez');
    await client.get('/readyz');
    await client.get('/healthz');
    await client.get('/metrics');
    const all = await samples();
    expect(ofRequests(all)).toEqual({
      'vts_http_requests_total{method="POST",route="/classifyText",status="200"}': 2,
      'vts_http_requests_total{method="POST",route="/classifyText",status="415"}': 1,
      'vts_http_requests_total{method="POST",route="/broken",status="500"}': 1,
      'vts_http_requests_total{method="GET",route="/things/:id",status="200"}': 2,
      'vts_http_requests_total{method="GET",route="/things/:id",status="404"}': 1,
      'vts_http_requests_total{method="POST",route="/things",status="204"}': 1,
      'vts_http_requests_total{method="GET",route="unmatched",status="404"}': 50,
    });
    const labels = 'method="POST",route="/classifyText",status="200"';
    expect(all.get(`vts_http_request_duration_seconds_count{${labels}}`)).toBe(2);
    expect(all.get(`vts_http_request_duration_seconds_bucket{le="60",${labels}}`)).toBe(2);
  });

  it('show the requests and calls in progress', async () => {
    await start({ runners: { fastai_sentiment: { workers: 1 } } });
    const answers = Array.from({ length: 8 }, () => client.text('/classifyText', LONG_TEXT));
    const runner = [...(await samples()).keys()].find((name) =>
      name.startsWith('vts_runner_workers'),
    );
    const label = runner?.slice(runner.indexOf('{'));
    expect(label).toMatch(/^\{runner="fastai_sentiment:\w+"\}$/);
    await expect
      .poll(async () => (await samples()).get(`vts_runner_running${label}`), { timeout: 10_000 })
      .toBeGreaterThan(0);
    const busy = await samples();
    const inProgress = 'vts_http_requests_in_progress{method="POST",route="/classifyText"}';
    expect(busy.get(inProgress)).toBeGreaterThan(0);
    expect(busy.get(`vts_runner_queue_depth${label}`)).toBeGreaterThan(0);
    for (const { status } of await Promise.all(answers)) expect(status).toBe(200);
    const idle = await samples();
    expect(idle.get(inProgress)).toBe(0);
    expect(idle.get(`vts_runner_queue_depth${label}`)).toBe(0);
    expect(idle.get(`vts_runner_running${label}`)).toBe(0);
    expect(idle.get(`vts_runner_ready${label}`)).toBe(1);
    const ofCall = `{runner="${label?.slice(9, -2)}",method="predict"`;
    expect(idle.get(`vts_runner_calls_total${ofCall},outcome="ok"}`)).toBe(8);
    expect(idle.get(`vts_runner_run_seconds_count${ofCall}}`)).toBe(8);
    expect(idle.get(`vts_runner_wait_seconds_count${ofCall}}`)).toBe(8);
    // They came together and ran one after the other.
    expect(idle.get(`vts_runner_wait_seconds_sum${ofCall}}`)).toBeGreaterThan(
      idle.get(`vts_runner_run_seconds_sum${ofCall}}`) as number,
    );
    expect(idle.get(`vts_runner_model_load_seconds_count${label}`)).toBe(1);
  });

  it('have those of the application, and of the process', async () => {
    await start({ metrics: { labels: { service: 'reviews' } } });
    const all = await samples();
    expect(all.get('reviews_total{service="reviews"}')).toBe(3);
    expect(all.get('process_cpu_seconds_total{service="reviews"}')).toBeGreaterThan(0);
    expect(all.get('nodejs_eventloop_lag_p99_seconds{service="reviews"}')).toBeGreaterThan(0);
    expect([...all.keys()].filter((name) => !name.includes('service="reviews"'))).toEqual([]);
  });

  it('can be moved and changed by the application', async () => {
    await start({
      metrics: { path: '/internal/metrics', prefix: 'my_', defaultMetrics: false },
    });
    expect((await client.get('/metrics')).status).toBe(404);
    await client.get('/internal/metrics');
    const all = await samples('/internal/metrics');
    expect(all.get('my_http_requests_total{method="GET",route="unmatched",status="404"}')).toBe(1);
    expect([...all.keys()].filter((name) => /^(process|nodejs|vts)_/.test(name))).toEqual([]);
    expect([...all.keys()].filter((name) => name.includes('internal'))).toEqual([]);
  });

  it('are under the global prefix like every route', async () => {
    await start({}, { app: (it) => it.setGlobalPrefix('api') });
    await client.get('/api/things/1');
    expect(ofRequests(await samples('/api/metrics'))).toEqual({
      'vts_http_requests_total{method="GET",route="/api/things/:id",status="200"}': 1,
    });
    expect(Object.keys(ofRequests(await samples('/api/metrics')))).toHaveLength(1);
  });

  it('can be turned off', async () => {
    await start({ metrics: false });
    expect((await client.get('/metrics')).status).toBe(404);
    expect((await client.text('/classifyText', 'a')).status).toBe(200);
  });

  it('are each application’s own', async () => {
    const before = (await register.getMetricsAsArray()).length;
    await start();
    await client.get('/things/1');
    await app.close();
    await start();
    expect(ofRequests(await samples())).toEqual({});
    expect((await register.getMetricsAsArray()).length).toBe(before);
  });
});

describe('Options of metrics', () => {
  it.each([
    [{ path: '' }, /metrics\.path is ""/],
    [{ path: '/:a' }, /metrics\.path/],
    [{ prefix: '1-' }, /metrics\.prefix is "1-"/],
    [{ labels: { route: 'a' } }, /metrics\.labels has the name "route"/],
    [{ labels: { 'a-b': 'a' } }, /metrics\.labels/],
    [{ buckets: [] } as never, /metrics\."buckets" is not an option/],
    ['on' as never, /metrics is "on"/],
  ])('that are refused: %j', async (metrics, message) => {
    await expect(startApp(observedApp({ metrics }))).rejects.toThrow(message);
  });
});
