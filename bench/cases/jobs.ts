import { existsSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import type { Case, Contestant, Sample, Setting } from '../case.js';
import { HOMES } from '../learners.js';
import { THIS, type Package } from '../package.js';
import { Child } from '../program.js';
import { Server } from '../server.js';

export interface JobsQuestion {
  readonly text: string;
  /** How many jobs are submitted at once, for the rate. */
  readonly burst: number;
  readonly ms: number;
}

export type JobsAnswer = { readonly rate: number; readonly latency: number };

const TEXT = 'I really liked this film, and so did everybody else.';
const BURST = 500;
const CALLERS = 16;
const CONCURRENCY = 8;
const BARE = 'bare BullMQ';
const DIRECT = 'direct call';
const TYPE = 'text/plain';

/** The time that the queue adds to a call, and the time that HTTP adds before it. */
export const jobs: Case = {
  name: 'jobs',
  title: `the label of a text as a job over HTTP, ${BURST} at once and one after the other, ${availableParallelism()} cores`,
  variantsAre: 'endpoint',
  variants: ['label'],
  metrics: {
    rate: { label: 'jobs', unit: '/s' },
    latency: { label: 'to the result, one at a time', unit: 'ms' },
  },
  // Measured on two busy cores: 0.58 of direct calls, and 0.24 of BullMQ alone, which has no HTTP.
  targets: [{ metric: 'rate', against: DIRECT, atLeast: 0.4 }],
  rounds: 3,
  seconds: 2,
  async start(setting) {
    const redis = await startRedis(setting);
    if (redis === undefined) return [];
    const { path } = redis;
    const own = await Promise.all(setting.packages.map((from) => served(from, path)));
    // Stopped last.
    return [...own, direct(own[0]!.url), bare(path, redis.child)];
  },
};

/** A Redis of this run, and its socket. */
async function startRedis(
  setting: Setting,
): Promise<{ readonly path: string; readonly child: Child } | undefined> {
  const program = ['/usr/bin/redis-server', '/usr/local/bin/redis-server'].find(existsSync);
  if (program === undefined) {
    setting.skip('redis-server is not installed: apt install redis-server.');
    return undefined;
  }
  const path = join(setting.folder, 'redis.sock');
  const args = ['--port', '0', '--unixsocket', path, '--save', '', '--appendonly', 'no'];
  const child = new Child({ command: program, args, cwd: setting.folder });
  child.process.stdout!.resume();
  while (!existsSync(path)) {
    if (child.process.exitCode !== null) throw child.fault();
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  return { path, child };
}

async function served(from: Package, path: string): Promise<Contestant & { url: string }> {
  const env = {
    VTS_HOME: HOMES.fastai_sentiment,
    REDIS_URL: `unix://${path}`,
    CONCURRENCY: String(CONCURRENCY),
  };
  const server = await Server.start(
    (port) => from.launch('servers/jobs.js', [], { ...env, PORT: String(port) }),
    { path: '/label', type: TYPE, body: TEXT },
  );
  const url = `http://127.0.0.1:${server.port}/label`;
  return {
    name: from.name,
    url,
    async measure(_variant, ms): Promise<Sample> {
      const latency = await timeOf(ms / 2, async () => {
        await resultOf(await submit(url));
      });
      const begin = performance.now();
      const submitted: string[] = [];
      const caller = async (): Promise<void> => {
        while (submitted.length < BURST) {
          const at = submitted.push('') - 1;
          submitted[at] = await submit(url);
        }
      };
      await Promise.all(Array.from({ length: CALLERS }, caller));
      // They start in the order of arrival, so little work is left when the last one ends.
      for (const job of submitted.slice(-CALLERS - CONCURRENCY)) await resultOf(job);
      return { rate: BURST / ((performance.now() - begin) / 1000), latency };
    },
    stop: () => server.stop(),
  };
}

async function submit(url: string): Promise<string> {
  const headers = { 'content-type': TYPE };
  const response = await fetch(`${url}/jobs`, { method: 'POST', headers, body: TEXT });
  if (response.status !== 202) throw new Error(await response.text());
  await response.arrayBuffer();
  return new URL(response.headers.get('location')!, url).href;
}

/** Follows the job by its events until it has ended, as the page of the sample does. */
async function resultOf(job: string): Promise<void> {
  await (await fetch(`${job}/events`)).text();
  const response = await fetch(`${job}/result`);
  if (!response.ok) throw new Error(await response.text());
  await response.text();
}

async function timeOf(ms: number, call: () => Promise<void>): Promise<number> {
  const start = performance.now();
  let calls = 0;
  for (; calls === 0 || performance.now() - start < ms; calls++) await call();
  return (performance.now() - start) / calls;
}

/** The same endpoint without a job. */
function direct(url: string): Contestant {
  const headers = { 'content-type': TYPE };
  const call = async (): Promise<void> => {
    await (await fetch(url, { method: 'POST', headers, body: TEXT })).text();
  };
  return {
    name: DIRECT,
    async measure(_variant, ms): Promise<Sample> {
      const latency = await timeOf(ms / 2, call);
      const begin = performance.now();
      let calls = 0;
      const caller = async (): Promise<void> => {
        while (calls++ < BURST) await call();
      };
      await Promise.all(Array.from({ length: CALLERS }, caller));
      return { rate: BURST / ((performance.now() - begin) / 1000), latency };
    },
  };
}

function bare(path: string, redis: Child): Contestant {
  const program = THIS.program('programs/bare-jobs.js', [
    HOMES.fastai_sentiment,
    path,
    String(CONCURRENCY),
  ]);
  return {
    name: BARE,
    measure: (_variant, ms) =>
      program.ask<JobsAnswer>({ text: TEXT, burst: BURST, ms } satisfies JobsQuestion),
    async stop() {
      await program.stop();
      await redis.stop();
    },
  };
}
