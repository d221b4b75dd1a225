// Starts an application of this package, and lets real clients judge it: see README.md.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';

const here = (name) => fileURLToPath(new URL(name, import.meta.url));
const { env } = process;
const rows = [];

/** Runs a program that prints `ok …` and `FAILED …`, and keeps those lines. */
async function judge(title, command, args, options = {}) {
  const child = spawn(command, args, { stdio: ['ignore', 'pipe', 'pipe'], ...options });
  let said = '';
  child.stdout.on('data', (chunk) => (said += chunk));
  child.stderr.on('data', (chunk) => (said += chunk));
  const [code] = await Promise.race([
    once(child, 'close'),
    once(child, 'error').then(([error]) => [error.message]),
  ]);
  const lines = said.split('\n').filter((line) => /^(?:ok|FAILED) /.test(line));
  if (lines.length === 0) {
    const isFine = code === 0 && (options.expects?.test(said) ?? true);
    lines.push(
      `${isFine ? 'ok' : 'FAILED'} ${title}${isFine ? (options.says?.(said) ?? '') : `: ${said.trim().split('\n').slice(-4).join(' | ')}`}`,
    );
  }
  rows.push(...lines);
  for (const line of lines) console.log(line);
}

async function freePort() {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address();
  server.close();
  await once(server, 'close');
  return port;
}

const host = spawn(process.execPath, [here('host.mjs')], { stdio: ['pipe', 'pipe', 'inherit'] });
const [line] = await once(createInterface({ input: host.stdout }), 'line');
const { rest, grpc } = JSON.parse(line);
const skipped = (what, variable) =>
  rows.push(`-- ${what}: ${variable} is not set`) && console.log(rows.at(-1));

await judge("Triton's JavaScript client", process.execPath, [here('triton-simple.mjs'), grpc]);
if (env.OIP_PYTHON) {
  for (const who of ['triton', 'kserve']) {
    await judge(who, env.OIP_PYTHON, ['-W', 'ignore', here('judges.py'), who, rest, grpc]);
  }
} else skipped('tritonclient and KServe', 'OIP_PYTHON');
if (env.MLSERVER_PYTHON) {
  await judge('mlserver-judge.py', env.MLSERVER_PYTHON, [
    '-W',
    'ignore',
    here('mlserver-judge.py'),
    rest,
    grpc,
  ]);
  await farSide();
} else skipped('MLServer', 'MLSERVER_PYTHON');
if (env.PERF_ANALYZER) await performance();
else skipped('perf_analyzer', 'PERF_ANALYZER');

host.stdin.end();
await once(host, 'close');
const failures = rows.filter((row) => row.startsWith('FAILED')).length;
console.log(`\n${rows.filter((row) => row.startsWith('ok')).length} ok, ${failures} failed`);
process.exit(failures === 0 ? 0 : 1);

/** MLServer serves a model for a remote runner. */
async function farSide() {
  const [http, rpc, metrics] = [await freePort(), await freePort(), await freePort()];
  const server = spawn(
    env.MLSERVER_PYTHON,
    ['-W', 'ignore', '-m', 'mlserver.cli.main', 'start', here('mlserver')],
    {
      env: {
        ...env,
        PYTHONPATH: here('mlserver'),
        MLSERVER_HTTP_PORT: String(http),
        MLSERVER_GRPC_PORT: String(rpc),
        MLSERVER_METRICS_PORT: String(metrics),
        MLSERVER_PARALLEL_WORKERS: '0',
        MLSERVER_HOST: '127.0.0.1',
      },
      stdio: 'ignore',
    },
  );
  try {
    for (let tries = 0; tries < 120; tries++) {
      const answer = await fetch(`http://127.0.0.1:${http}/v2/models/echo/ready`).catch(
        () => undefined,
      );
      if (answer?.ok) break;
      await delay(500);
    }
    const targets = [`127.0.0.1:${http}`, `127.0.0.1:${rpc}`];
    await judge('remote runner to MLServer', process.execPath, [
      here('remote-mlserver.mjs'),
      ...targets,
    ]);
  } finally {
    server.kill('SIGKILL');
  }
}

/** perf_analyzer to its table, in both protocols. */
async function performance() {
  const cwd = await mkdtemp(join(tmpdir(), 'vts-perf-'));
  const [program, ...before] = env.PERF_ANALYZER.split(' ');
  const throughput = (said) => `: ${/Throughput: ([\d.]+ infer\/sec)/.exec(said)?.[1]}`;
  for (const [model, protocol, url, more] of [
    ['layer', 'http', rest, ['--shape', 'x:4']],
    ['layer', 'grpc', grpc, ['--shape', 'x:4']],
    ['simple', 'http', rest, ['--shape', 'INPUT0:1,16', '--shape', 'INPUT1:1,16']],
    ['simple', 'grpc', grpc, ['--shape', 'INPUT0:1,16', '--shape', 'INPUT1:1,16']],
    ['text', 'http', rest, ['--string-data', 'good', '--shape', 'text:1']],
    ['text', 'grpc', grpc, ['--string-data', 'good', '--shape', 'text:1']],
  ]) {
    // A machine that does other things as well measures nothing stable: any spread will do.
    const how =
      `-m ${model} -u ${url} -i ${protocol} -b 1 --concurrency-range 1:2 -s 999 -r 4 ` +
      '--measurement-mode count_windows --measurement-request-count 50';
    const args = [...how.split(' '), ...more];
    await judge(`perf_analyzer ${protocol}: ${model}`, program, [...before, ...args], {
      cwd,
      expects: /Inferences\/Second vs\. Client/,
      says: throughput,
    });
  }
  await rm(cwd, { recursive: true, force: true });
}
