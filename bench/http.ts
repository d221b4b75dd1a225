import type { ChildProcess } from 'node:child_process';
import autocannon from 'autocannon';
import { Learner } from '../lib/learner/fastai/learner.js';
import { serve, stop } from './serve.js';
import { median, table } from './statistics.js';
import { textOf } from './texts.js';

const SAMPLE = { port: 3911, path: '/classifyText' };
const BARE = { port: 3912, path: '/' };

async function requestsPerSecond(
  target: { port: number; path: string },
  text: string,
  connections: number,
  seconds: number,
): Promise<number> {
  const result = await autocannon({
    url: `http://127.0.0.1:${target.port}${target.path}`,
    method: 'POST',
    headers: { 'content-type': 'text/plain' },
    body: text,
    connections,
    duration: seconds,
  });
  if (result.non2xx > 0 || result.errors > 0) {
    throw new Error(
      `${target.path}: ${result.non2xx} answers were no success, ${result.errors} failed.`,
    );
  }
  return result.requests.average;
}

/**
 * The sample against a bare node:http server with as many workers, and /livez while long texts are
 * served.
 */
export async function benchHttp(file: string, home: string): Promise<void> {
  const learner = await Learner.load<string>(file);
  const text = textOf(100, (part) => learner.tokenize(part));
  const long = textOf(3000, (part) => learner.tokenize(part));
  await learner.release();

  const sample = await serve('dist/sample/01-fastai-sentiment/src/main.js', [], {
    PORT: String(SAMPLE.port),
    VTS_HOME: home,
  });
  const workers = await workersOf(sample);
  const bare = await serve('dist/bench/bare-server.js', [file, String(workers), text], {
    PORT: String(BARE.port),
  });
  try {
    // Both are measured warm: a Nest application has more code to be compiled than a bare server.
    for (const target of [BARE, SAMPLE]) await requestsPerSecond(target, text, 8, 6);
    const rows: string[][] = [];
    for (const connections of [1, 8, 32]) {
      const rates: [number[], number[]] = [[], []];
      for (let round = 0; round < 3; round++) {
        rates[0].push(await requestsPerSecond(BARE, text, connections, 3));
        rates[1].push(await requestsPerSecond(SAMPLE, text, connections, 3));
      }
      const [limit, own] = [median(rates[0]), median(rates[1])];
      rows.push([
        String(connections),
        limit.toFixed(0),
        own.toFixed(0),
        `${(own / limit).toFixed(2)}x`,
      ]);
    }
    table(
      `HTTP requests/s of a text of 100 tokens, ${workers} worker(s) each`,
      ['connections', 'bare server', 'sample', 'ratio'],
      rows,
    );
    await benchLiveness(long);
  } finally {
    await Promise.all([stop(sample), stop(bare)]);
  }
}

/** Workers of the sample's runner, from /healthz. */
async function workersOf(_sample: ChildProcess): Promise<number> {
  const response = await fetch(`http://127.0.0.1:${SAMPLE.port}/healthz`);
  const body = JSON.stringify(await response.json());
  return Number(/"workers":(\d+)/.exec(body)?.[1] ?? 1);
}

async function benchLiveness(long: string): Promise<void> {
  const delays: number[] = [];
  const requests = Array.from({ length: 64 }, () =>
    fetch(`http://127.0.0.1:${SAMPLE.port}${SAMPLE.path}`, {
      method: 'POST',
      headers: { 'content-type': 'text/plain' },
      body: long,
    }).then((response) => {
      if (!response.ok) throw new Error(`A long text was answered with ${response.status}.`);
      return response.arrayBuffer();
    }),
  );
  let served = false;
  const all = Promise.all(requests).then(() => (served = true));
  while (!served) {
    const start = performance.now();
    await (await fetch(`http://127.0.0.1:${SAMPLE.port}/livez`)).arrayBuffer();
    delays.push(performance.now() - start);
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
  await all;
  table(
    'GET /livez while 64 texts of 3,000 tokens are served (ms)',
    ['requests', 'median', 'max'],
    [[String(delays.length), median(delays).toFixed(1), Math.max(...delays).toFixed(1)]],
  );
}
