// The rows a second of one runner whose model one process runs, and then several:
//
//   node test/chaos/remote-scale.mjs [--processes 2] [--rows 64] [--callers 16] [--seconds 3]
//     [--rounds 5] [--transport grpc|http]
//
// One and several take turns, so that a slow moment of the machine falls on both. It prints the
// cores, the medians and their ratio, and the share of a core that this process needs, which has
// the runner: below 1 it is not the limit. Each process has one worker with one thread, so there
// must be two cores for each process, and one for this. Needs a build.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { availableParallelism } from 'node:os';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { remoteRunner } from '../../dist/lib/serving/index.js';

const { values } = parseArgs({
  options: {
    processes: { type: 'string', default: '2' },
    rows: { type: 'string', default: '64' },
    callers: { type: 'string', default: '16' },
    seconds: { type: 'string', default: '3' },
    rounds: { type: 'string', default: '5' },
    transport: { type: 'string', default: 'grpc' },
  },
});
const [processes, rows, callers, seconds, rounds] = [
  'processes',
  'rows',
  'callers',
  'seconds',
  'rounds',
].map((name) => Number(values[name]));
const MODEL = 'fastai_sentiment';
const here = (path) => fileURLToPath(new URL(path, import.meta.url));
const home = here('../../sample/01-fastai-sentiment/models-home');

async function freePort() {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address();
  server.close();
  await once(server, 'close');
  return port;
}

const children = [];

/** A process with the model; resolves to its address once it listens. */
async function startModel() {
  const [http, grpc] = [await freePort(), await freePort()];
  const OPTIONS = JSON.stringify({
    accessLog: false,
    openInference: { grpc: { port: grpc, host: '127.0.0.1' }, models: [`${MODEL}:latest`] },
    runners: { [MODEL]: { workers: 1, threads: 1, maxQueueSize: 100_000 } },
  });
  const child = spawn(process.execPath, [here('../fixtures/nest/models-app.mjs')], {
    env: { ...process.env, HOME_OF_MODELS: home, OPTIONS, HTTP: String(http) },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  children.push(child);
  await once(createInterface({ input: child.stdout }), 'line');
  return values.transport === 'grpc' ? `grpc://127.0.0.1:${grpc}` : `http://127.0.0.1:${http}`;
}

const TEXTS = Array.from(
  { length: rows },
  (_, row) => `I really liked film number ${row}, and so did everybody else.`,
);

/** Rows a second, and this process's share of a core. */
async function measure(runner, ms) {
  const begun = performance.now();
  const before = process.cpuUsage();
  let calls = 0;
  const caller = async () => {
    for (; performance.now() - begun < ms; calls++) await runner.getPreds.run(TEXTS);
  };
  await Promise.all(Array.from({ length: callers }, caller));
  const took = performance.now() - begun;
  const { user, system } = process.cpuUsage(before);
  return { rate: (calls * rows * 1000) / took, share: (user + system) / 1000 / took };
}

function median(list) {
  const sorted = [...list].sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)];
}

try {
  const urls = await Promise.all(Array.from({ length: processes }, startModel));
  const sides = [urls.slice(0, 1), urls].map((url) => ({
    runner: remoteRunner(MODEL, { remote: { url } }),
    found: [],
  }));
  for (const { runner } of sides) {
    await runner.open();
    await measure(runner, 1000);
  }
  for (let round = 0; round < rounds; round++) {
    for (const { runner, found } of sides) found.push(await measure(runner, seconds * 1000));
  }
  const shown = sides.map(({ found }, at) => {
    const rate = median(found.map((each) => each.rate));
    const share = median(found.map((each) => each.share));
    console.log(
      `${at === 0 ? 1 : processes} of ${processes} processes: ${rate.toFixed(0)} rows/s, ${share.toFixed(2)} cores for the runner's own process`,
    );
    return rate;
  });
  const ratio = median(sides[1].found.map(({ rate }, at) => rate / sides[0].found[at].rate));
  console.log(
    `cores: ${availableParallelism()}, ratio of the medians: ${(shown[1] / shown[0]).toFixed(2)}, median ratio of rounds: ${ratio.toFixed(2)}`,
  );
  await Promise.all(sides.map(({ runner }) => runner.close()));
} finally {
  for (const child of children) child.kill('SIGTERM');
}
