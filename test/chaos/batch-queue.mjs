// 600,000 rows and 2,000 images over three workers, of which one is killed every 3 s, while Redis is
// restarted twice: every row once, and the bytes that one process gives. Run by hand, after a build:
//   node test/chaos/batch-queue.mjs [rows] [images]
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { copyFile, link, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { brotliDecompressSync, gunzipSync } from 'node:zlib';

const root = (path) => fileURLToPath(new URL(`../../${path}`, import.meta.url));
const VTS = root('dist/lib/cli/main.js');
const KILL_MS = 3000;
const WORKERS = 3;
const BROKEN = 37;
const [rows = 600_000, images = 2000] = process.argv.slice(2).map(Number);

const folder = await mkdtemp(join(tmpdir(), 'vts-chaos-'));
const at = (name) => join(folder, name);
const port = await freePort();
const queue = `redis://127.0.0.1:${port}`;
const children = new Set();
const say = (text) =>
  console.log(`${(performance.now() / 1000).toFixed(1).padStart(7)} s  ${text}`);

function run(command, args, onError) {
  const child = spawn(command, args, {
    env: { ...process.env, VTS_HOME: at('home') },
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  children.add(child);
  let said = '';
  child.stderr.on('data', (text) => {
    said = (said + text).slice(-4000);
    onError?.(String(text));
  });
  const ended = once(child, 'close').then(([code]) => {
    children.delete(child);
    return { code, said };
  });
  return { child, ended };
}
const vts = (...args) => run(process.execPath, [VTS, ...args]);
async function must(...args) {
  const { code, said } = await vts(...args).ended;
  if (code !== 0) throw new Error(`vts ${args.join(' ')} ended with ${code}: ${said}`);
  return said;
}

async function freePort() {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port: free } = server.address();
  await new Promise((resolve) => server.close(resolve));
  return free;
}

async function startRedis() {
  const args = ['--port', port, '--bind', '127.0.0.1', '--dir', folder, '--appendonly', 'yes'];
  const { child } = run('redis-server', [...args, '--save', '', '--loglevel', 'warning']);
  const ping = () => spawnSync('redis-cli', ['-p', String(port), 'ping']).stdout.toString();
  while (!ping().includes('PONG')) await setTimeout(50);
  return child;
}

async function inputs() {
  const pickle = gunzipSync(await readFile(root('test/fixtures/tabular/typed.pkl.gz')));
  await writeFile(at('rows.pkl'), pickle);
  const classes = await readFile(root('test/fixtures/vision/learners/classes/export.pkl.br'));
  await writeFile(at('picture.pkl'), brotliDecompressSync(classes));
  await must('import', 'rows', at('rows.pkl'));
  await must('import', 'picture', at('picture.pkl'));
  const { Learner } = await import(root('dist/lib/learner/index.js'));
  const learner = await Learner.load(pickle);
  const { columns } = learner.schema;
  const lines = [`id,note,${columns.map(({ name }) => `"${name}"`).join(',')}`];
  for (let id = 0; id < rows; id++) {
    const cells = columns.map(({ kind, categories = [], example }) => {
      if (kind === 'number') return String(Number(example) + ((id * 37) % 10_007) / 7);
      const known = categories.filter(Boolean);
      return `"${String(known[id % known.length]).replaceAll('"', '""')}"`;
    });
    lines.push(`${id},"note\n${id}",${cells.join(',')}`);
  }
  await writeFile(at('rows.csv'), `${lines.join('\n')}\n`);
  await learner.release();
  await mkdir(at('images'));
  const fixtures = root('test/fixtures/vision/images');
  const names = ['q90.jpg', 'alpha.png'];
  const broken = (await readFile(join(fixtures, 'q90.jpg'))).subarray(0, 90);
  for (const name of names) await copyFile(join(fixtures, name), at(name));
  for (let i = 0; i < images; i++) {
    const path = at(`images/${String(i).padStart(5, '0')}.jpg`);
    if (i % Math.floor(images / BROKEN) === 7 && i < BROKEN * Math.floor(images / BROKEN)) {
      await writeFile(path, broken);
    } else await link(at(names[i % 2]), path);
  }
}

/** Predicts over workers that are killed. @returns The count of kills. */
async function chaos(args, restarts) {
  let redis = await startRedis();
  const start = () =>
    vts('worker', '--queue', queue, '--root', folder, '--workers', '1', '--concurrency', '1');
  const workers = Array.from({ length: WORKERS }, start);
  const coordinator = vts('batch', ...args, '--queue', queue);
  let over;
  void coordinator.ended.then((result) => (over = result));
  let kills = 0;
  let begun = performance.now();
  let left = restarts;
  while (!over) {
    await setTimeout(100);
    if (performance.now() - begun < KILL_MS) continue;
    begun = performance.now();
    const victim = kills++ % WORKERS;
    workers[victim].child.kill('SIGKILL');
    await workers[victim].ended;
    workers[victim] = start();
    if (left > 0 && kills % 3 === 0) {
      left--;
      const ended = once(redis, 'close');
      redis.kill(left % 2 ? 'SIGKILL' : 'SIGTERM');
      await ended;
      redis = await startRedis();
      say('Redis was restarted');
    }
  }
  const { code, said } = over;
  if (code !== 0) throw new Error(`The coordinator ended with ${code}: ${said}`);
  say(said.trim().split('\n').at(-1));
  for (const { child } of workers) child.kill('SIGTERM');
  const codes = await Promise.all(workers.map(({ ended }) => ended.then((result) => result.code)));
  say(`Workers ended with ${codes.join(', ')}`);
  const keys = spawnSync('redis-cli', ['-p', String(port), '--scan'])
    .stdout.toString()
    .trim();
  say(`Keys that are left: ${keys.split('\n').length} (${keys.split('\n').slice(0, 5).join(' ')})`);
  const ended = once(redis, 'close');
  redis.kill();
  await ended;
  if (left > 0) throw new Error(`Redis was to be restarted ${left} times more: give more rows`);
  return kills;
}

async function same(a, b) {
  const [x, y] = await Promise.all([readFile(at(a)), readFile(at(b))]);
  if (!x.equals(y)) {
    const [lines, others] = [x, y].map((bytes) => String(bytes).split('\n'));
    const place = lines.findIndex((line, number) => line !== others[number]);
    const shown = `${lines[place]} and ${others[place]}`.slice(0, 1000);
    throw new Error(`${a} and ${b} differ in line ${place + 1}: ${shown}`);
  }
  say(`${a} and ${b} are the same ${x.length} bytes`);
}

try {
  await inputs();
  const table = ['rows', at('rows.csv'), '--chunk', '1000'];
  say((await must('batch', ...table, '--out', at('alone.parquet'))).trim());
  say(`${await chaos([...table, '--out', at('over.parquet')], 2)} workers were killed`);
  await same('alone.parquet', 'over.parquet');
  const pictures = ['picture', at('images'), '--chunk', '25'];
  say((await must('batch', ...pictures, '--out', at('alone.csv'))).trim());
  say(`${await chaos([...pictures, '--out', at('over.csv')], 0)} workers were killed`);
  await same('alone.csv', 'over.csv');
  await same('alone.csv.errors.jsonl', 'over.csv.errors.jsonl');
  const errors = (await readFile(at('over.csv.errors.jsonl'), 'utf8')).trim().split('\n');
  const good = (await readFile(at('over.csv'), 'utf8')).trim().split('\n').length - 1;
  if (errors.length !== BROKEN || good + BROKEN !== images) {
    throw new Error(`${good} images and ${errors.length} errors`);
  }
  const rest = (await readdir(folder)).filter((name) => name.endsWith('vts-batch'));
  if (rest.length > 0) throw new Error(`${rest} is left`);
  say(`${good} images, ${errors.length} lines of errors`);
} finally {
  for (const child of children) child.kill('SIGKILL');
  await rm(folder, { recursive: true, force: true });
}
