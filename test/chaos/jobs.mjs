// Jobs over HTTP, whose workers are killed again and again:
//
//   node test/chaos/jobs.mjs [--jobs 10000] [--seconds 60] [--workers 3] [--every 5] [--restart-redis]
//
// One process takes jobs, as many in equal steps as --jobs says; others run them, of which one is
// ended by SIGKILL every --every seconds and started anew. One job in ten is cancelled within 400 ms,
// while it waits or runs: it would run for ten seconds. Each job has to end in one state, cancelled
// where that was answered, else with its own result; a result that was read is the same when it is
// read again; each end is told by a webhook with one id and one state. The memory of the process that
// takes jobs has to stay flat. Ends with a summary, and with code 0 where all of that holds. Needs a
// build and redis-server.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { Agent, createServer, request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

const { values } = parseArgs({
  options: {
    jobs: { type: 'string', default: '10000' },
    seconds: { type: 'string', default: '60' },
    workers: { type: 'string', default: '3' },
    every: { type: 'string', default: '5' },
    'restart-redis': { type: 'boolean', default: false },
  },
});
const JOBS = Number(values.jobs);
const CANCELLED_ONE_IN = 10;
const CANCELLED_RUN_MS = 10_000;
/** Of connections, and of jobs that are asked for at a time. */
const AT_A_TIME = 64;
/** What the process that takes jobs may have more at the end than when the first jobs were taken. */
const MOST_GROWTH_MIB = 100;
const folder = await mkdtemp(join(tmpdir(), 'vts-jobs-'));
const socket = join(folder, 'redis.sock');
const runs = join(folder, 'runs.txt');
const children = new Set();
const app = fileURLToPath(new URL('../fixtures/nest/jobs-app.mjs', import.meta.url));

async function startRedis() {
  const args = ['--port', '0', '--unixsocket', socket, '--dir', folder];
  const more = ['--appendonly', 'yes', '--appendfsync', 'always', '--save', ''];
  const child = spawn('redis-server', [...args, ...more], { stdio: ['ignore', 'pipe', 'inherit'] });
  children.add(child);
  for await (const line of createInterface({ input: child.stdout })) {
    if (line.includes('eady to accept connections')) break;
  }
  child.stdout.resume();
  return child;
}

async function startApp(jobs) {
  const OPTIONS = JSON.stringify({
    jobs: {
      connection: `unix://${socket}`,
      lostAfterMs: 3000,
      attempts: 50,
      concurrency: 16,
      webhook: { secret: `whsec_${Buffer.alloc(32, 1).toString('base64')}`, url: hook },
      ...jobs,
    },
  });
  const child = spawn(process.execPath, [app], {
    env: { ...process.env, OPTIONS, RUNS: runs },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  children.add(child);
  const ended = once(child, 'exit').finally(() => children.delete(child));
  const [line] = await once(createInterface({ input: child.stdout }), 'line');
  return { child, ended, port: Number(line.split(' ')[1]) };
}

/** What webhooks tell, by their ids: the states, each once. */
const told = new Map();
const receiver = createServer(async (given, response) => {
  const chunks = [];
  for await (const chunk of given) chunks.push(chunk);
  const { type, data } = JSON.parse(Buffer.concat(chunks).toString());
  const states = told.get(data.id) ?? new Set();
  told.set(data.id, states.add(type));
  // One in a hundred comes again.
  response.writeHead(Math.random() < 0.01 ? 503 : 204).end();
}).listen(0, '127.0.0.1');
await once(receiver, 'listening');
const hook = `http://127.0.0.1:${receiver.address().port}/`;

const agent = new Agent({ keepAlive: true, maxSockets: AT_A_TIME });

function ask(port, method, path, body, headers = {}) {
  return new Promise((resolve, reject) => {
    const call = request({ agent, host: '127.0.0.1', port, method, path, headers }, (response) => {
      let text = '';
      response.setEncoding('utf8').on('data', (chunk) => (text += chunk));
      response.once('error', reject);
      response.once('end', () => {
        resolve({ status: response.statusCode, headers: response.headers, text });
      });
    });
    // A server closes idle connections, and a busy client hears of it too late: Node marks those that
    // were used before. A reset of a new connection is a fault.
    call.once('error', (error) => reject(Object.assign(error, { stale: call.reusedSocket })));
    call.end(body);
  });
}

/**
 * Asks until it is answered by something else than 503, as a client does that is told to come again;
 * a connection that was closed while it was idle is no answer either. `Idempotency-Key` makes that
 * safe for submissions.
 */
async function insist(...question) {
  for (;;) {
    const answer = await ask(...question).catch((error) => {
      if (error.code !== 'ECONNRESET' || !error.stale) throw error;
      resets++;
    });
    if (answer !== undefined && answer.status !== 503) return answer;
    if (answer !== undefined) unavailable++;
    await delay(200);
  }
}
let resets = 0;
let unavailable = 0;

const rss = async ({ child }) => {
  const status = await readFile(`/proc/${child.pid}/status`, 'utf8');
  return Math.round(Number(/VmRSS:\s+(\d+)/.exec(status)[1]) / 1024);
};

async function submit(port, n) {
  const headers = { 'content-type': 'application/json', 'idempotency-key': `job-${n}` };
  const cancelled = n % CANCELLED_ONE_IN === 0;
  const ms = cancelled ? CANCELLED_RUN_MS : Math.floor(Math.random() * 60);
  const body = JSON.stringify({ n, ms });
  const answer = await insist(port, 'POST', '/work/jobs', body, headers);
  if (answer.status !== 202) throw new Error(`${answer.status} ${answer.text}`);
  const job = { n, path: answer.headers.location, id: JSON.parse(answer.text).id };
  if (cancelled) {
    await delay(Math.random() * 400);
    job.cancel = (await insist(port, 'DELETE', job.path)).status;
  }
  if (n % 7 === 0) {
    // Sent again, as by a client that has lost the answer.
    const again = await insist(port, 'POST', '/work/jobs', body, headers);
    if (JSON.parse(again.text).id !== job.id) faults.push(`${n} was made twice`);
  }
  return job;
}

const faults = [];

/** Does it for all, some at a time. */
async function eachOf(jobs, work) {
  const left = jobs.values();
  const lane = async () => {
    for (const job of left) await work(job);
  };
  await Promise.all(Array.from({ length: AT_A_TIME }, lane));
}

async function main() {
  let redis = await startRedis();
  const api = await startApp({ process: false });
  const workers = [];
  for (let at = 0; at < Number(values.workers); at++) workers.push(await startApp({}));
  const until = performance.now() + Number(values.seconds) * 1000;
  let kills = 0;
  let submitting = true;
  const killing = (async () => {
    while (submitting) {
      await delay(Number(values.every) * 1000);
      const at = kills++ % workers.length;
      workers[at].child.kill('SIGKILL');
      await workers[at].ended;
      workers[at] = await startApp({});
      if (values['restart-redis'] && kills === 4) {
        redis.kill('SIGTERM');
        await once(redis, 'exit');
        redis = await startRedis();
      }
    }
  })();

  const begun = performance.now();
  const submitted = [];
  const memory = [];
  for (let n = 1; n <= JOBS; n++) {
    submitted.push(submit(api.port, n));
    submitted.at(-1).catch((error) => faults.push(`${n}: ${error}`));
    if (n % Math.ceil(JOBS / 10) === 0) memory.push(await rss(api));
    const due = begun + ((until - begun) * n) / JOBS;
    if (due > performance.now()) await delay(due - performance.now());
  }
  const jobs = (await Promise.allSettled(submitted)).flatMap(({ value }) => value ?? []);
  const took = (performance.now() - begun) / 1000;
  submitting = false;
  await killing;

  // First every job is waited for, then every result is read twice.
  const states = new Map();
  const results = new Map();
  await eachOf(jobs, async (job) => {
    for (;;) {
      const state = JSON.parse((await insist(api.port, 'GET', job.path)).text).state;
      states.set(job.n, state);
      if (state !== 'queued' && state !== 'running') break;
      if (performance.now() > until + 300_000) {
        faults.push(`${job.n} is ${state} after five minutes`);
        break;
      }
      await delay(50);
    }
    if (states.get(job.n) === 'succeeded') {
      results.set(job.n, (await insist(api.port, 'GET', `${job.path}/result`)).text);
    }
  });
  const drained = (performance.now() - begun) / 1000;
  memory.push(await rss(api));
  await delay(Number(values.every) * 1000);
  await eachOf(jobs, async (job) => {
    const state = JSON.parse((await insist(api.port, 'GET', job.path)).text).state;
    if (state !== states.get(job.n)) faults.push(`${job.n} was ${states.get(job.n)}, is ${state}`);
    if (job.cancel !== undefined && job.cancel < 300 !== (state === 'cancelled')) {
      faults.push(`${job.n} is ${state}, and its cancellation was answered ${job.cancel}`);
    }
    if (job.cancel === undefined && state !== 'succeeded') faults.push(`${job.n} is ${state}`);
    if (state !== 'succeeded') return;
    const again = (await insist(api.port, 'GET', `${job.path}/result`)).text;
    if (again !== results.get(job.n)) faults.push(`the result of ${job.n} changed`);
    if (JSON.parse(again).square !== job.n ** 2) faults.push(`${job.n} has the result ${again}`);
  });
  // Messages that were refused come again within seconds.
  for (let at = 0; at < 60 && told.size < jobs.length; at++) await delay(500);
  for (const { n, id } of jobs) {
    const said = [...(told.get(id) ?? [])].join();
    if (said !== `job.${states.get(n)}`) faults.push(`of ${n}, webhooks said ${said || 'nothing'}`);
  }
  const count = (state) => [...states.values()].filter((each) => each === state).length;
  const runsOf = new Map();
  for (const n of (await readFile(runs, 'utf8')).split('\n')) {
    if (n) runsOf.set(n, (runsOf.get(n) ?? 0) + 1);
  }
  const again = [...runsOf.values()].filter((times) => times > 1).length;
  memory.push(await rss(api));
  if (jobs.length !== JOBS) faults.push(`${JOBS - jobs.length} were not submitted`);
  const wanted = Math.floor(JOBS / CANCELLED_ONE_IN);
  if (count('cancelled') < wanted * 0.9) {
    faults.push(`${count('cancelled')} of ${wanted} cancellations came in time`);
  }
  const growth = memory.at(-1) - memory[0];
  if (growth > MOST_GROWTH_MIB) faults.push(`memory grew by ${growth} MiB`);
  for (const fault of faults.slice(0, 20)) console.log(`FAULT ${fault}`);
  if (faults.length > 20) console.log(`and ${faults.length - 20} more`);
  console.log(`jobs          ${jobs.length} of ${JOBS} submitted in ${took.toFixed(1)} s
ended         after ${drained.toFixed(1)} s: ${count('succeeded')} succeeded, ${count('cancelled')} cancelled, ${count('failed')} failed
webhooks      ${told.size} told
workers       ${kills} killed; ${again} jobs begun again
answers       ${unavailable} were 503; ${resets} idle connections were closed before their next request
memory, MiB   ${memory.join(', ')}
${faults.length === 0 ? 'passed: none was lost, none ended twice' : `FAILED: ${faults.length} faults`}`);
  return faults.length === 0 ? 0 : 1;
}

process.on('exit', () => children.forEach((child) => child.kill('SIGKILL')));
process.exitCode = await main().finally(() => {
  children.forEach((child) => child.kill('SIGKILL'));
  receiver.close();
  receiver.closeAllConnections();
  agent.destroy();
});
await rm(folder, { recursive: true, force: true });
