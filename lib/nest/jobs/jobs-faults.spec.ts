import { setTimeout as delay } from 'node:timers/promises';
import {
  Controller,
  Headers,
  Injectable,
  Scope,
  UsePipes,
  type INestApplication,
  type ModuleMetadata,
  type PipeTransform,
} from '@nestjs/common';
import { BullModule, getQueueToken } from '@nestjs/bullmq';
import { Queue } from 'bullmq';
import { Redis } from 'ioredis';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { jobsApp, JobsClient } from '../../../test/helpers/jobs-app.js';
import { hasRedis, RedisServer } from '../../../test/helpers/redis.js';
import { RunnerOverloadedError, RunnerUnavailableError } from '../../serving/runner/errors.js';
import { VtsApi } from '../decorators/vts-api.decorator.js';
import { Text } from '../io/text.js';
import type { VtsModuleOptions } from '../vts-module-options.interface.js';
import { currentJob } from './job-scope.js';
import type { VtsJobsOptions } from './jobs-options.js';

@Injectable()
class Marking implements PipeTransform {
  transform(value: unknown): unknown {
    return typeof value === 'string' ? `${value}!` : value;
  }
}

/** What the handlers of a test do, and have seen. */
const runs: string[] = [];
let failures: Error[] = [];
let gate: Promise<unknown> = Promise.resolve();

@Controller('faults')
class Faults {
  /** Fails with what the test has put there, once each. */
  @VtsApi({ input: Text, output: Text, job: true })
  failing(text: string): string {
    runs.push(text);
    const failure = failures.shift();
    if (failure) throw failure;
    return text;
  }

  /** Waits for the test's gate, or for its end. */
  @VtsApi({ input: Text, output: Text, job: true })
  async gated(text: string): Promise<string> {
    runs.push(text);
    const { signal } = currentJob()!;
    const ended = new Promise<never>((_, reject) => {
      signal.addEventListener('abort', () => reject(signal.reason as Error));
    });
    await Promise.race([gate, ended]);
    return text.toUpperCase();
  }

  @UsePipes(Marking)
  @VtsApi({ input: Text, output: Text, job: true })
  piped(text: string): string {
    return text;
  }
}

describe.runIf(hasRedis)('Jobs when something fails', () => {
  let redis: RedisServer;
  let client: Redis;
  const apps: INestApplication[] = [];

  beforeAll(async () => {
    redis = await RedisServer.start();
    client = new Redis(redis.url);
    client.on('error', () => undefined);
  });
  afterAll(async () => {
    client.disconnect();
    await redis.stop();
  });
  afterEach(async () => {
    await Promise.all(apps.splice(0).map((app) => app.close()));
    await client.flushall();
    runs.length = 0;
    failures = [];
    gate = Promise.resolve();
  });

  const start = async (
    jobs: VtsJobsOptions = {},
    metadata: ModuleMetadata = {},
    options: VtsModuleOptions = {},
  ): Promise<JobsClient> => {
    const app = await jobsApp(
      'express',
      { connection: redis.url, ...jobs },
      { controllers: [Faults], ...metadata },
      { shutdownTimeoutMs: 200, ...options },
    );
    apps.push(app);
    return JobsClient.of(app);
  };

  const recordOf = (location: string): string =>
    `{vts}:vts-jobs-records:job:${location.split('/').at(-1)}`;

  it('runs a job in another process than the one that accepted it', async () => {
    const api = await start({ process: false });
    const location = await api.submitted('/faults/gated', 'a');
    await delay(200);
    expect((await api.job(location)).state).toBe('queued');
    await start();
    expect((await api.ended(location)).state).toBe('succeeded');
    expect((await api.http.get(`${location}/result`)).text).toBe('A');
  });

  it('cancels a job that another process runs', async () => {
    gate = new Promise(() => undefined);
    const api = await start({ process: false });
    await start();
    const location = await api.submitted('/faults/gated', 'a');
    await api.until(location, 'running');
    await api.http.send('DELETE', location);
    // Its worker is free again.
    gate = Promise.resolve();
    const next = await api.submitted('/faults/gated', 'b');
    expect((await api.ended(next)).state).toBe('succeeded');
    expect((await api.job(location)).state).toBe('cancelled');
  });

  it('puts an unfinished job back when its process ends', async () => {
    let open = (): void => undefined;
    gate = new Promise(() => undefined);
    const api = await start({ process: false });
    await start();
    const location = await api.submitted('/faults/gated', 'a');
    await api.until(location, 'running');
    await apps.pop()!.close();
    expect((await api.job(location)).state).toBe('queued');
    gate = new Promise<void>((resolve) => (open = resolve));
    await start();
    await api.until(location, 'running');
    open();
    expect((await api.ended(location)).state).toBe('succeeded');
    expect(runs).toEqual(['a', 'a']);
  });

  it('finishes running jobs before its process ends, if there is time', async () => {
    let open = (): void => undefined;
    gate = new Promise<void>((resolve) => (open = resolve));
    const api = await start({ process: false });
    await start({}, {}, { shutdownTimeoutMs: 10_000 });
    const location = await api.submitted('/faults/gated', 'a');
    await api.until(location, 'running');
    const closed = apps.pop()!.close();
    await delay(100);
    open();
    await closed;
    expect((await api.job(location)).state).toBe('succeeded');
  });

  it('lets a job wait if its runner is overloaded, without counting a run', async () => {
    const api = await start({ attempts: 1 });
    failures = [new RunnerOverloadedError('r', 'predict', 'queue', 1 as never)];
    const location = await api.submitted('/faults/failing', 'a');
    expect((await api.ended(location)).state).toBe('succeeded');
    expect(runs).toEqual(['a', 'a']);
  });

  it('gives up if a model does not come back', async () => {
    const api = await start({ attempts: 2 });
    const gone = (): Error => new RunnerUnavailableError('gone:1' as never, 'x' as never);
    failures = [gone(), gone(), gone()];
    const location = await api.submitted('/faults/failing', 'a');
    const { state, error } = await api.ended(location);
    expect([state, error!.statusCode]).toEqual(['failed', 503]);
    expect(error!.message).toBe('No worker has the model loaded; try again later.');
    expect(runs).toEqual(['a', 'a']);
  });

  it('applies the pipes of the handler', async () => {
    const api = await start();
    const location = await api.submitted('/faults/piped', 'a');
    await api.ended(location);
    expect((await api.http.get(`${location}/result`)).text).toBe('a!');
    expect((await api.http.text('/faults/piped', 'a')).text).toBe('a!');
  });

  it('takes over a job whose worker was lost, and fails one that loses all of them', async () => {
    const api = await start({ process: false });
    const location = await api.submitted('/faults/gated', 'a');
    // As a process leaves it that died while it ran.
    await client.hset(recordOf(location), 'state', 'running', 'attempts', '2');
    await start();
    expect((await api.ended(location)).state).toBe('succeeded');

    const worker = apps.pop()!;
    await worker.close();
    const poison = await api.submitted('/faults/gated', 'b');
    await client.hset(recordOf(poison), 'state', 'running', 'attempts', '3');
    await start();
    const { state, error } = await api.ended(poison);
    expect([state, error!.message]).toEqual([
      'failed',
      'The job was started 3 times, and each time its worker was lost; submit it again.',
    ]);
    expect(runs).toEqual(['a']);
  });

  it('answers 503 while Redis is down, and recovers by itself', async () => {
    let open = (): void => undefined;
    gate = new Promise<void>((resolve) => (open = resolve));
    const api = await start();
    const location = await api.submitted('/faults/gated', 'a');
    await api.until(location, 'running');
    await delay(1100);
    await redis.kill();
    let answer = await api.submit('/faults/gated', 'b');
    while (answer.status === 202) answer = await api.submit('/faults/gated', 'b');
    expect([answer.status, answer.headers.get('retry-after')]).toEqual([503, '1']);
    expect((await api.http.get(location)).status).toBe(503);
    expect((await api.http.get('/readyz')).status).toBe(503);
    // The result of a run is not lost with it.
    open();
    await delay(100);
    await redis.begin();
    while ((await api.http.get('/readyz')).status !== 200) await delay(50);
    expect((await api.ended(location)).state).toBe('succeeded');
    expect(runs.filter((run) => run === 'a')).toEqual(['a']);
    const next = await api.submitted('/faults/gated', 'c');
    expect((await api.ended(next)).state).toBe('succeeded');
  });

  it.each([
    ['no state', { state: 'evil' }, 500],
    ['a time that is none', { created: '1e400' }, 500],
    ['a name of another endpoint', { name: 'Faults.failing' }, 404],
    ['an error that is none', { error: '{"__proto__":{"statusCode":200}}' }, 500],
    ['an error that is long', { error: 'x'.repeat(100_000) }, 500],
    ['a progress beyond all', { progress: '7' }, 500],
  ])('refuses a record with %s', async (_, fields, status) => {
    const api = await start({ process: false });
    const location = await api.submitted('/faults/gated', 'a');
    await client.hset(recordOf(location), fields);
    const answer = await api.http.get(location);
    expect(answer.status).toBe(status);
    expect(Object.keys(answer.json as object)).toEqual(['statusCode', 'message', 'error']);
  });

  it('refuses a result that this module has not written', async () => {
    const api = await start({ maxResultBytes: 1000 });
    const location = await api.submitted('/faults/gated', 'a');
    await api.ended(location);
    await client.hset(recordOf(location), 'resultType', 'text/html\r\nset-cookie: a=b');
    const headers = await api.http.get(`${location}/result`);
    expect([headers.status, headers.headers.get('set-cookie')]).toEqual([500, null]);
    await client.hset(recordOf(location), 'resultType', 'text/plain', 'result', 'x'.repeat(2000));
    expect((await api.http.get(`${location}/result`)).status).toBe(500);
    await client.set(recordOf(location), 'a string');
    expect((await api.http.get(location)).status).toBe(500);
  });

  it('continues if the queue contains something that is not a job', async () => {
    const api = await start();
    const queue = new Queue('vts-jobs', { prefix: '{vts}', connection: { port: redis.port } });
    await queue.add('Faults.gated', { constructor: { prototype: 1 } });
    await queue.add('nothing', {}, { jobId: 'x'.repeat(32) });
    await queue.add('__proto__', {}, { jobId: 'y'.repeat(32) });
    await client.lpush('{vts}:vts-jobs:wait', 'z'.repeat(32));
    await client.hset('{vts}:vts-jobs:bad', 'data', '{"', 'name', 'Faults.gated');
    await client.lpush('{vts}:vts-jobs:wait', 'bad');
    const location = await api.submitted('/faults/gated', 'a');
    expect((await api.ended(location)).state).toBe('succeeded');
    expect(runs).toEqual(['a']);
    await queue.close();
  });

  it('fails a job if its input has changed or its endpoint no longer exists', async () => {
    const api = await start({ process: false, maxInputBytes: 100 });
    const [large, gone, empty] = [
      await api.submitted('/faults/gated', 'a'),
      await api.submitted('/faults/failing', 'b'),
      await api.submitted('/faults/gated', 'c'),
    ];
    await client.hset(recordOf(large!), 'input', 'x'.repeat(1000));
    await client.hdel(recordOf(empty!), 'input');
    await start({ maxInputBytes: 100 }, { controllers: [Gated] });
    const message = async (location: string): Promise<string> =>
      (await api.ended(location)).error!.message;
    expect(await message(gone!)).toContain('no longer served');
    expect(await message(large!)).toContain('too large');
    expect(await message(empty!)).toContain('no input');
    expect(runs).toEqual([]);
  });

  it('reports a job that somebody removed from the queue', async () => {
    const api = await start({ process: false });
    const location = await api.submitted('/faults/gated', 'a');
    await client.hset(recordOf(location), 'created', '1000');
    expect((await api.job(location)).state).toBe('queued');
    const queue = new Queue('vts-jobs', { prefix: '{vts}', connection: { port: redis.port } });
    await queue.drain();
    await queue.close();
    expect((await api.job(location)).state).toBe('failed');
  });

  it('refuses more jobs than may wait', async () => {
    const api = await start({ process: false, maxWaiting: 2 });
    await api.submitted('/faults/gated', 'a');
    await api.submitted('/faults/gated', 'b');
    const { status, text } = await api.submit('/faults/gated', 'c');
    expect([status, text]).toEqual([503, expect.stringContaining('2 jobs are already waiting')]);
  });

  it('uses the connection of BullModule, whose tools see the queue', async () => {
    const connection = { host: '127.0.0.1', port: redis.port };
    const app = await jobsApp(
      'express',
      {},
      { controllers: [Faults], imports: [BullModule.forRoot({ connection, prefix: 'shared' })] },
      { jobs: true },
    );
    apps.push(app);
    const api = await JobsClient.of(app);
    const location = await api.submitted('/faults/gated', 'a');
    await api.ended(location);
    const queue = app.get<Queue>(getQueueToken('vts-jobs'), { strict: false });
    expect(queue).toBeInstanceOf(Queue);
    while ((await queue.getCompletedCount()) === 0) await delay(10);
    expect((await queue.getCompleted())[0]).toMatchObject({ name: 'Faults.gated', data: {} });
    expect(await client.keys('*')).toSatisfy((keys: string[]) =>
      keys.every((key) => key.startsWith('shared:')),
    );
  });

  it('accepts an ioredis client, and does not change it', async () => {
    const given = new Redis(redis.url);
    const api = await start({ connection: given });
    expect((await api.ended(await api.submitted('/faults/gated', 'a'))).state).toBe('succeeded');
    await apps.pop()!.close();
    expect(await given.ping()).toBe('PONG');
    given.disconnect();
  });
});

@Controller('gated')
class Gated {
  @VtsApi({ input: Text, output: Text, job: { name: 'Faults.gated' } })
  run(text: string): string {
    return text;
  }
}

describe('Jobs refuse, when an application starts,', () => {
  const starting = (jobs: VtsJobsOptions, metadata: ModuleMetadata): Promise<unknown> =>
    jobsApp('express', jobs, metadata).then((app) => app.close());

  it('if no Redis answers at the address', async () => {
    const connection = 'redis://:secret@127.0.0.1:1';
    const failed = starting({ connection }, { controllers: [Gated] });
    await expect(failed).rejects.toThrow(/redis:\/\/127\.0\.0\.1:1 .*redis-server/);
    await expect(failed).rejects.not.toThrow(/secret/);
  });

  it('if jobs have no connection', async () => {
    await expect(starting({}, {})).rejects.toThrow('jobs.connection is not given');
  });

  it('if an endpoint has jobs and the application does not', async () => {
    const app = jobsApp('express', {}, { controllers: [Gated] }, { jobs: false });
    await expect(app).rejects.toThrow(
      'Gated.run has job: true, but VtsModule.forRoot has no option jobs',
    );
  });

  it.each([
    [{ keepFor: 0 }, 'jobs.keepFor is 0'],
    [{ connection: 'http://x' }, 'jobs.connection is not a URL'],
    [{ queue: 'a:b' }, 'jobs.queue is "a:b"'],
    [{ concurrency: 0 }, 'jobs.concurrency is 0'],
    [{ nothing: 1 }, 'jobs."nothing" is not an option'],
  ])('is %o', async (jobs, message) => {
    await expect(async () => starting(jobs as VtsJobsOptions, {})).rejects.toThrow(message);
  });
});

describe.runIf(hasRedis)('Handlers that cannot run as jobs', () => {
  let redis: RedisServer;
  beforeAll(async () => {
    redis = await RedisServer.start();
  });
  afterAll(() => redis.stop());

  it.each([
    [
      'take more of the request than its input',
      () => {
        @Controller()
        class Greedy {
          @VtsApi({ input: Text, output: Text, job: true })
          run(text: string, @Headers('x-user') user: string): string {
            return text + user;
          }
        }
        return [Greedy];
      },
      'Greedy.run has job: true, but its parameter 2 comes from the request',
    ],
    [
      'are made for each request',
      () => {
        @Controller({ scope: Scope.REQUEST })
        class Scoped {
          @VtsApi({ input: Text, output: Text, job: true })
          run(text: string): string {
            return text;
          }
        }
        return [Scoped];
      },
      'Scoped.run has job: true, but its controller is request-scoped',
    ],
    [
      'are called as others',
      () => {
        @Controller('again')
        class Again {
          @VtsApi({ input: Text, output: Text, job: { name: 'Faults.gated' } })
          run(text: string): string {
            return text;
          }
        }
        return [Gated, Again];
      },
      'another endpoint is called "Faults.gated"',
    ],
  ])('%s', async (_, controllers, message) => {
    const app = jobsApp('express', { connection: redis.url }, { controllers: controllers() });
    await expect(app).rejects.toThrow(message);
  });
});
