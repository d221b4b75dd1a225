import { setTimeout as delay } from 'node:timers/promises';
import {
  Controller,
  ForbiddenException,
  Injectable,
  NotFoundException,
  UseGuards,
  type CanActivate,
  type ExecutionContext,
  type INestApplication,
  type ModuleMetadata,
} from '@nestjs/common';
import { interval, map, take } from 'rxjs';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { jobsApp, JobsClient } from '../../../test/helpers/jobs-app.js';
import { hasRedis, RedisServer } from '../../../test/helpers/redis.js';
import { VtsApi } from '../decorators/vts-api.decorator.js';
import { rawRequest } from '../http/platform.js';
import { Json } from '../io/json.js';
import { NumpyNdarray } from '../io/numpy-ndarray.js';
import { Text } from '../io/text.js';
import type { VtsModuleOptions } from '../vts-module-options.interface.js';
import { currentJob, jobProgress } from './job-scope.js';
import type { VtsJobsOptions } from './jobs-options.js';

@Injectable()
class KeyGuard implements CanActivate {
  canActivate(context: ExecutionContext): boolean {
    const { headers } = rawRequest(context.switchToHttp().getRequest<object>());
    if (headers['x-key'] === 'k') return true;
    throw new ForbiddenException('The key is wrong; send x-key.');
  }
}

/** What the handlers of a test have seen. */
const seen = { runs: 0, aborted: 0 };
let release: () => void = () => undefined;

@Controller('texts')
class Texts {
  @VtsApi({ input: Text, output: Text, job: true })
  upper(text: string): string {
    return text.toUpperCase();
  }

  @VtsApi({ input: Text, output: NumpyNdarray, job: true })
  lengths(text: string): number[] {
    return text.split(' ').map((word) => word.length);
  }

  @VtsApi({ input: new Json<{ n: number }>(), output: new Json<{ n: number }>(), job: true })
  double({ n }: { n: number }): { n: number } {
    return { n: 2 * n };
  }

  @VtsApi({ input: Text, output: new Text({ stream: true }), job: true })
  words(text: string) {
    const words = text.split(' ');
    return interval(5).pipe(
      take(words.length),
      map((at) => words[at]!),
    );
  }

  @VtsApi({ input: Text, output: Text, job: true })
  failing(text: string): string {
    throw new NotFoundException(`no ${text}`);
  }

  @VtsApi({ input: Text, output: Text, job: true })
  broken(): string {
    throw new Error('a secret');
  }

  /** Runs until it is released or ended. */
  @VtsApi({ input: Text, output: Text, job: { timeoutMs: 20_000, maxResultBytes: 100 } })
  async waiting(text: string): Promise<string> {
    seen.runs++;
    jobProgress(0.5);
    const { signal } = currentJob()!;
    await new Promise<void>((resolve, reject) => {
      release = resolve;
      signal.addEventListener('abort', () => {
        seen.aborted++;
        reject(signal.reason as Error);
      });
    });
    return text;
  }

  @VtsApi({ input: Text, output: Text, job: { maxResultBytes: 10, maxInputBytes: 100 } })
  long(text: string): string {
    return text.repeat(10);
  }

  @UseGuards(KeyGuard)
  @VtsApi({ input: Text, output: Text, job: true })
  guarded(text: string): string {
    return text;
  }
}

describe.runIf(hasRedis).each(['express', 'fastify'])('Jobs over HTTP on %s', (on) => {
  let redis: RedisServer;
  let app: INestApplication | undefined;

  beforeAll(async () => {
    redis = await RedisServer.start();
  });
  afterAll(() => redis.stop());
  afterEach(async () => {
    release();
    await app?.close();
    app = undefined;
  });

  const start = async (
    jobs: VtsJobsOptions = {},
    options: VtsModuleOptions = {},
    metadata: ModuleMetadata = {},
  ): Promise<JobsClient> => {
    app = await jobsApp(
      on,
      { connection: redis.url, ...jobs },
      { controllers: [Texts], ...metadata },
      options,
    );
    return JobsClient.of(app);
  };

  it("accepts a request, shows its state, and keeps its result with the endpoint's content type", async () => {
    const client = await start();
    const taken = await client.submit('/texts/upper', 'a word');
    expect(taken.status).toBe(202);
    expect(taken.json).toMatchObject({ state: 'queued', progress: null, error: null });
    const { id } = taken.json as { id: string };
    expect(id).toMatch(/^[\w-]{32}$/);
    expect(taken.headers.get('location')).toBe(`/texts/upper/jobs/${id}`);
    const job = await client.ended(`/texts/upper/jobs/${id}`);
    expect(job).toMatchObject({ id, state: 'succeeded', progress: 1, error: null });
    expect(Date.parse(job.expiresAt!) - Date.parse(job.finishedAt!)).toBe(3_600_000);
    const result = await client.http.get(`/texts/upper/jobs/${id}/result`);
    const direct = await client.http.text('/texts/upper', 'a word');
    expect(result).toMatchObject({ status: 200, text: 'A WORD', type: direct.type });
  });

  it.each([
    ['lengths', 'text/plain', 'one two three'],
    ['double', 'application/json', '{"n":21}'],
    ['words', 'text/plain', 'one two three'],
  ])('gives the answer of POST /texts/%s', async (name, type, body) => {
    const client = await start();
    const taken = await client.http.post(`/texts/${name}/jobs`, type, body);
    const location = taken.headers.get('location')!;
    await client.ended(location);
    const direct = await client.http.post(`/texts/${name}`, type, body);
    const result = await client.http.get(`${location}/result`);
    expect(direct.status).toBe(200);
    expect([result.status, result.type, result.text]).toEqual([200, direct.type, direct.text]);
  });

  it('refuses invalid requests at once, like the endpoint', async () => {
    const client = await start();
    expect((await client.http.json('/texts/double/jobs', '{"n":')).status).toBe(400);
    expect((await client.http.post('/texts/double/jobs', 'text/csv', 'a')).status).toBe(415);
    const large = await client.submit('/texts/long', 'x'.repeat(101));
    expect(large).toMatchObject({ status: 413 });
    expect(large.text).toContain('100 bytes');
  });

  it('says why a job has failed, and answers a request for its result with that error', async () => {
    const client = await start();
    const location = await client.submitted('/texts/failing', 'cat');
    const { state, error } = await client.ended(location);
    expect(state).toBe('failed');
    expect(error).toEqual({ statusCode: 404, message: 'no cat', error: 'Not Found' });
    const result = await client.http.get(`${location}/result`);
    expect([result.status, result.json]).toEqual([404, error]);

    const secret = await client.ended(await client.submitted('/texts/broken', 'x'));
    expect(secret.error).toMatchObject({ statusCode: 500, message: 'Internal server error' });

    const long = await client.ended(await client.submitted('/texts/long', 'too long'));
    expect(long.error!.message).toContain('larger than 10 bytes');
  });

  it('cancels a running job and a waiting one', async () => {
    const client = await start({ concurrency: 1 });
    const { aborted, runs } = seen;
    const running = await client.submitted('/texts/waiting', 'a');
    const waiting = await client.submitted('/texts/waiting', 'b');
    await client.until(running, 'running');
    while ((await client.job(running)).progress !== 0.5) await delay(50);
    const pending = await client.http.get(`${running}/result`);
    expect([pending.status, pending.headers.get('retry-after')]).toEqual([409, '1']);
    expect((await client.http.send('DELETE', waiting)).json).toMatchObject({ state: 'cancelled' });
    expect((await client.http.send('DELETE', running)).json).toMatchObject({ state: 'cancelled' });
    while (seen.aborted === aborted) await delay(10);
    expect((await client.http.get(`${running}/result`)).status).toBe(410);
    // Twice is no error; what has ended otherwise is.
    expect((await client.http.send('DELETE', running)).status).toBe(200);
    const done = await client.submitted('/texts/upper', 'x');
    await client.ended(done);
    expect((await client.http.send('DELETE', done)).status).toBe(409);
    expect(seen.runs).toBe(runs + 1);
  });

  it('gives the same job for the same idempotency key and body', async () => {
    const client = await start();
    const key = { 'idempotency-key': '"a key"' };
    const first = await client.submit('/texts/upper', 'a', key);
    const second = await client.submit('/texts/upper', 'a', { 'idempotency-key': 'a key' });
    expect(second.status).toBe(202);
    expect((second.json as { id: string }).id).toBe((first.json as { id: string }).id);
    expect(second.headers.get('location')).toBe(first.headers.get('location'));
    expect((await client.submit('/texts/upper', 'b', key)).status).toBe(422);
    const other = await client.submit('/texts/lengths', 'a', key);
    expect((other.json as { id: string }).id).not.toBe((first.json as { id: string }).id);
    const long = { 'idempotency-key': 'x'.repeat(256) };
    expect((await client.submit('/texts/upper', 'a', long)).status).toBe(400);
  });

  it('runs the guards of the endpoint for each route', async () => {
    const client = await start();
    expect((await client.submit('/texts/guarded', 'a')).status).toBe(403);
    const key = { 'x-key': 'k' };
    const location = await client.submitted('/texts/guarded', 'a', key);
    expect((await client.http.get(location)).status).toBe(403);
    expect((await client.http.get(`${location}/result`)).status).toBe(403);
    expect((await client.http.send('DELETE', location)).status).toBe(403);
    expect((await client.job(location, key)).state).toMatch(/queued|running|succeeded/);
  });

  it('shows a job only to its caller', async () => {
    const authorize = (request: object) =>
      String(rawRequest(request).headers['x-user'] ?? 'nobody');
    const client = await start({ authorize });
    const ada = { 'x-user': 'ada', 'idempotency-key': 'k' };
    const location = await client.submitted('/texts/upper', 'a', ada);
    for (const path of [location, `${location}/result`]) {
      expect((await client.http.get(path, { 'x-user': 'bob' })).status).toBe(404);
    }
    const bob = { 'x-user': 'bob', 'idempotency-key': 'k' };
    expect((await client.http.send('DELETE', location, undefined, '', bob)).status).toBe(404);
    expect(await client.submitted('/texts/upper', 'b', bob)).not.toBe(location);
    expect((await client.http.get(location, ada)).status).toBe(200);
  });

  it.each(['x', 'a'.repeat(32), '..%2f..%2fetc', '*', '__proto__', 'a'.repeat(90)])(
    'does not know the job %s',
    async (id) => {
      const client = await start();
      const { status, json } = await client.http.get(`/texts/upper/jobs/${id}`);
      expect(status).toBe(404);
      expect(json).toMatchObject({ statusCode: 404, error: 'Not Found' });
    },
  );

  it('knows a job only at its own endpoint', async () => {
    const client = await start();
    const location = await client.submitted('/texts/upper', 'a');
    const id = location.split('/').at(-1)!;
    expect((await client.http.get(`/texts/lengths/jobs/${id}`)).status).toBe(404);
  });
});
