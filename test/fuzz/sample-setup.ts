import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { fastai, ModelStore, pytorch } from 'nestjs-vts';
import { hasRedis, RedisServer } from '../helpers/redis.js';
import type { Shot } from './http.js';

const KEY = 'a-key-for-tests';

/** The built project: workers of a sample cannot load TypeScript. */
export const DIST = process.env['VTS_DIST'] ?? 'dist';

/** Whether what the sample needs beside itself is on this machine. */
export function canStart(sample: string): boolean {
  return hasRedis || sample !== '09-jobs';
}

/**
 * What the process of a sample finds in its environment, beyond the port; what a reader does by
 * hand is done.
 */
export async function environmentOf(sample: string): Promise<Record<string, string>> {
  switch (sample) {
    case '02-pytorch-layer':
      return { VTS_HOME: await homeOfLayer() };
    case '06-guarded':
      // No limit of the sample's own: what the service itself takes is the question.
      return { API_KEYS: `tests:${KEY}:batch`, REQUESTS_A_MINUTE: '1000000000' };
    case '09-jobs':
      return { VTS_HOME: await homeOfJobs(), REDIS_URL: await redisOfJobs() };
    default:
      return {};
  }
}

/** What a sample wants of every request. */
export function headersFor(sample: string): Shot['headers'] {
  return sample === '06-guarded' ? [['x-api-key', KEY]] : [];
}

let layer: Promise<string> | undefined;

/** The store that the sample's `save-model.ts` makes, in a temporary folder. */
function homeOfLayer(): Promise<string> {
  layer ??= (async () => {
    const folder = await mkdtemp(join(tmpdir(), 'vts-layer-'));
    const store = new ModelStore('sample/01-fastai-sentiment/models-home');
    const learner = await fastai.loadModel('fastai_sentiment', { store });
    await pytorch.saveModel('my_pytorch_model', learner.model, {
      signatures: { __call__: { batchable: true } },
      store: new ModelStore(folder),
    });
    await learner.release();
    return folder;
  })();
  return layer;
}

let jobs: Promise<string> | undefined;

/** The same, of the sample with jobs: what its own program saves. */
function homeOfJobs(): Promise<string> {
  jobs ??= (async () => {
    const folder = await mkdtemp(join(tmpdir(), 'vts-jobs-'));
    const env = { ...process.env, VTS_HOME: folder };
    const program = `${DIST}/sample/09-jobs/src/save-model.js`;
    await promisify(execFile)(process.execPath, [program], { env });
    return folder;
  })();
  return jobs;
}

let redis: Promise<RedisServer> | undefined;

async function redisOfJobs(): Promise<string> {
  redis ??= RedisServer.start();
  return (await redis).url;
}

/** Removes what was made, and ends the server of Redis. */
export async function removeSetup(): Promise<void> {
  for (const home of [layer, jobs]) {
    if (home) await rm(await home, { recursive: true, force: true });
  }
  await (await redis)?.stop();
  layer = jobs = redis = undefined;
}
