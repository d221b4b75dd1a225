import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { Controller, type INestApplication } from '@nestjs/common';
import { build } from 'vite';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { jobsApp, JobsClient } from '../../../test/helpers/jobs-app.js';
import { hasRedis, RedisServer } from '../../../test/helpers/redis.js';
import { VtsApi } from '../decorators/vts-api.decorator.js';
import { Text } from '../io/text.js';

const root = fileURLToPath(new URL('../../../', import.meta.url));
const JOBS = 120;
const KILLS = 4;

@Controller('slow')
class Slow {
  @VtsApi({ input: Text, output: Text, job: { name: 'slow', attempts: 20 } })
  upper(text: string): string {
    return text.toUpperCase();
  }
}

describe.runIf(hasRedis)('Jobs whose workers are killed, while Redis restarts', () => {
  let folder: string;
  let redis: RedisServer;
  let app: INestApplication;
  const workers = new Set<ChildProcess>();

  beforeAll(async () => {
    // Inside the repository, so that it finds its packages.
    folder = await mkdtemp(join(root, 'node_modules/.vts-jobs-'));
    redis = await RedisServer.start();
    await build({
      root,
      configFile: false,
      logLevel: 'error',
      build: {
        ssr: true,
        outDir: folder,
        emptyOutDir: false,
        rollupOptions: { input: { worker: join(root, 'test/fixtures/jobs/worker.ts') } },
      },
    });
    app = await jobsApp(
      'express',
      { connection: redis.url, process: false },
      { controllers: [Slow] },
    );
  }, 60_000);

  afterAll(async () => {
    for (const worker of workers) worker.kill('SIGKILL');
    await app?.close();
    await redis?.stop();
    await rm(folder, { recursive: true, force: true });
  });

  const work = async (): Promise<ChildProcess> => {
    const child = spawn(process.execPath, [join(folder, 'worker.js'), redis.url], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    workers.add(child);
    child.once('exit', () => workers.delete(child));
    await once(child.stdout, 'data');
    return child;
  };

  it('has every result once', async () => {
    const client = await JobsClient.of(app);
    const words = Array.from({ length: JOBS }, (_, at) => `word ${at}`);
    await Promise.all([work(), work()]);
    const locations: string[] = [];
    for (const word of words) locations.push(await client.submitted('/slow/upper', word));
    for (let kill = 0; kill < KILLS; kill++) {
      await delay(150);
      [...workers][0]!.kill('SIGKILL');
      if (kill === 1) await redis.restart();
      await work();
    }
    const results: string[] = [];
    for (const location of locations) {
      let answer = await client.http.get(`${location}/result`);
      while (answer.status === 409 || answer.status === 503) {
        await delay(50);
        answer = await client.http.get(`${location}/result`);
      }
      results.push(answer.text);
    }
    expect(results).toEqual(words.map((word) => word.toUpperCase()));
    // In order they end by themselves.
    const [last] = workers;
    last!.kill('SIGTERM');
    const [, signal] = (await once(last!, 'exit')) as [number | null, string | null];
    expect(signal).toBe('SIGTERM');
  }, 90_000);
});
