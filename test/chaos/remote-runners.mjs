// Two processes with a model behind one application, under load:
//
//   node test/chaos/remote-runners.mjs --kill [--seconds 60] [--transport grpc|http] [--every 2]
//   node test/chaos/remote-runners.mjs --replace [--seconds 60] ...
//
// With --kill one of the two is ended by SIGKILL again and again, and started anew. Each request has
// to be answered once: with what the model gives for its text, or with 503 where the far side may
// have run it. With --replace both are replaced in turn, in order: every request is answered 200.
// Ends with code 0 where that holds. Needs a build.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { Agent, request } from 'node:http';
import { createServer } from 'node:net';
import { createInterface } from 'node:readline';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

const { values } = parseArgs({
  options: {
    kill: { type: 'boolean', default: false },
    replace: { type: 'boolean', default: false },
    seconds: { type: 'string', default: '60' },
    every: { type: 'string', default: '2' },
    clients: { type: 'string', default: '8' },
    transport: { type: 'string', default: 'grpc' },
  },
});
const here = (path) => fileURLToPath(new URL(path, import.meta.url));
const home = here('../../sample/01-fastai-sentiment/models-home');
const children = new Set();

/** An application as a process; resolves once it listens. */
async function start(app, env) {
  const child = spawn(process.execPath, [here(`../fixtures/nest/${app}`)], {
    env: { ...process.env, HOME_OF_MODELS: home, ...env },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  children.add(child);
  const ended = once(child, 'exit').finally(() => children.delete(child));
  const [line] = await Promise.race([
    once(createInterface({ input: child.stdout }), 'line'),
    ended.then(() => ['ended']),
  ]);
  return { child, ended, port: Number(String(line).split(' ')[1]) };
}

async function freePort() {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address();
  server.close();
  await once(server, 'close');
  return port;
}

/** One of the two: it listens on the same ports whenever it is started. */
class Place {
  constructor(http, grpc) {
    this.http = http;
    this.grpc = grpc;
  }

  get url() {
    const { transport } = values;
    return transport === 'grpc' ? `grpc://127.0.0.1:${this.grpc}` : `http://127.0.0.1:${this.http}`;
  }

  async start() {
    const grpc = { port: this.grpc, host: '127.0.0.1' };
    const OPTIONS = JSON.stringify({
      accessLog: false,
      drainMs: values.replace ? 500 : 0,
      openInference: { grpc, models: ['fastai_sentiment:latest'] },
      runners: { fastai_sentiment: { workers: 1 } },
    });
    this.process = await start('models-app.mjs', { OPTIONS, HTTP: String(this.http) });
  }

  async end(signal) {
    this.process.child.kill(signal);
    await this.process.ended;
  }
}

const agent = new Agent({ keepAlive: true });

/** What a text is answered: the status and the body, once for each answer that comes. */
function post(port, text, answers) {
  return new Promise((resolve, reject) => {
    const call = request(
      {
        agent,
        port,
        host: '127.0.0.1',
        path: '/classifyText',
        method: 'POST',
        headers: { 'content-type': 'text/plain' },
      },
      (response) => {
        let body = '';
        response.setEncoding('utf8').on('data', (chunk) => (body += chunk));
        response.once('error', reject).once('end', () => {
          answers.push({ status: response.statusCode, body });
          resolve();
        });
      },
    );
    call.once('error', reject);
    call.end(text);
  });
}

const texts = Array.from(
  { length: 16 },
  (_, at) => `It was film number ${at} ${'so '.repeat(at)}bad`,
);

async function main() {
  const places = [];
  for (let at = 0; at < 2; at++) places.push(new Place(await freePort(), await freePort()));
  await Promise.all(places.map((place) => place.start()));
  const remote = { url: places.map(({ url }) => url) };
  const api = await start('app.mjs', {
    OPTIONS: JSON.stringify({ accessLog: false, runners: { fastai_sentiment: { remote } } }),
  });

  const expected = new Map();
  for (const text of texts) {
    const answers = [];
    await post(api.port, text, answers);
    expected.set(text, answers[0].body);
  }

  const until = performance.now() + Number(values.seconds) * 1000;
  const tally = { sent: 0, right: 0, unavailable: 0, wrong: 0, lost: 0, twice: 0 };
  const times = [];
  const odd = new Set();
  const client = async (from) => {
    for (let at = from; performance.now() < until; at++) {
      const text = texts[at % texts.length];
      const answers = [];
      const begun = performance.now();
      tally.sent++;
      await post(api.port, text, answers).catch((error) => odd.add(String(error)));
      times.push(performance.now() - begun);
      const [answer] = answers;
      if (answer === undefined) tally.lost++;
      else if (answers.length > 1) tally.twice++;
      else if (answer.status === 200 && answer.body === expected.get(text)) tally.right++;
      else if (answer.status === 503) tally.unavailable++;
      else {
        tally.wrong++;
        odd.add(`${answer.status} ${answer.body.slice(0, 200)}`);
      }
      // As a client does that is asked to come again later.
      if (answer?.status !== 200) await delay(20);
    }
  };
  const load = Promise.all(Array.from({ length: Number(values.clients) }, (_, at) => client(at)));

  let ends = 0;
  for (let turn = 0; performance.now() < until; turn++) {
    const place = places[turn % places.length];
    if (values.kill) {
      const next = delay(Number(values.every) * 1000);
      await place.end('SIGKILL');
      await place.start();
      await next;
    } else if (values.replace) {
      await place.end('SIGTERM');
      await place.start();
      await delay(1500);
    } else await delay(1000);
    ends++;
  }
  await load;
  times.sort((a, b) => a - b);
  const at = (share) =>
    times[Math.min(times.length - 1, Math.floor(share * times.length))].toFixed(1);
  console.log(
    `${values.transport}: ${tally.sent} requests in ${values.seconds} s, ${(tally.right / Number(values.seconds)).toFixed(0)} answers a second; ` +
      `p50 ${at(0.5)} ms, p99 ${at(0.99)} ms, most ${at(1)} ms; ${ends} times a process was ended`,
  );
  console.log(JSON.stringify(tally), ...odd);
  await Promise.all([...children].map((child) => child.kill('SIGTERM')));
  agent.destroy();
  const all = tally.right + tally.unavailable === tally.sent;
  const held = all && (values.kill || tally.unavailable === 0) && tally.right > 0;
  console.log(held ? 'none was lost, none was answered twice' : 'requests FAILED');
  return held ? 0 : 1;
}

process.on('exit', () => children.forEach((child) => child.kill('SIGKILL')));
process.exitCode = await main();
