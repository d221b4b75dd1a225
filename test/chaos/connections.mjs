// Tens of thousands of connections to one process, and peers that misbehave on them:
//
//   node test/chaos/connections.mjs [--connections 18000] [--cycles 3]
//
// Each cycle opens that many idle connections, half of them for gRPC. It adds requests that never end,
// peers that never answer a ping, readers that read nothing, messages over the limit, and bytes that
// are not a message. Every peer that is due an answer must get an error in time. Meanwhile requests
// of others must succeed, and memory must not grow from cycle to cycle. The program prints memory,
// and exits with 0 if all of that holds. Each client process opens half of the connections, and the
// process under test all of them: see `ulimit -n`. Needs a build.
import { fork, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import { createInterface } from 'node:readline';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { Client, credentials, status as CODES } from '@grpc/grpc-js';
import { InferenceClient } from '../../dist/lib/client/index.js';

const MODEL = 'fastai_sentiment';
const MIB = 2 ** 20;
const LATE_MS = 10_000;
const PING_MS = 15_000;
const here = (path) => fileURLToPath(new URL(path, import.meta.url));

const PREFACE = Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n');
const frame = (type, flags, payload = Buffer.alloc(0)) =>
  Buffer.concat([Buffer.from([0, 0, payload.length, type, flags, 0, 0, 0, 0]), payload]);
const SETTINGS = frame(4, 0);

/** Answers pings, as a peer of HTTP/2 that is alive. Frames of idle connections are small. */
function answerPings(socket) {
  socket.on('data', (bytes) => {
    for (let at = 0; at + 9 <= bytes.length; at += 9 + bytes.readUIntBE(at, 3)) {
      const [type, flags] = [bytes[at + 3], bytes[at + 4]];
      if (type === 6 && (flags & 1) === 0)
        socket.write(frame(6, 1, bytes.subarray(at + 9, at + 17)));
    }
  });
}

const post = (path, length, body) =>
  `POST ${path} HTTP/1.1\r\nhost: a\r\ncontent-type: application/json\r\ncontent-length: ${length}\r\n\r\n${body}`;
const NUMBERS = { numbers: Array.from({ length: 40_000 }, (_, at) => at) };
const LARGE = JSON.stringify({
  inputs: [{ name: 'input', datatype: 'BYTES', shape: [1], data: [JSON.stringify(NUMBERS)] }],
});

/** What a connection does when it is open. */
const KINDS = {
  'gRPC, idle': (socket) => {
    answerPings(socket);
    socket.write(Buffer.concat([PREFACE, SETTINGS]));
  },
  'REST, idle': (socket) => socket.resume(),
  'REST, half of a body': (socket) => {
    socket.resume();
    socket.write(post(`/v2/models/${MODEL}/infer`, 1000, '{"inputs": ['));
  },
  'gRPC, half of a preface': (socket) => {
    socket.resume();
    socket.write(PREFACE.subarray(0, 10));
  },
  'gRPC, no answer to pings': (socket) => {
    socket.resume();
    socket.write(Buffer.concat([PREFACE, SETTINGS]));
  },
  'REST, reads nothing': (socket) => {
    socket.pause();
    socket.write(post('/v2/models/doubler/infer', Buffer.byteLength(LARGE), LARGE));
  },
};

/** A process that holds connections; it tells how many are open. */
function holdConnections() {
  const sockets = new Set();
  process.on('message', async ({ kind, port, count, address }) => {
    if (kind === undefined) for (const socket of sockets) socket.destroy();
    for (let opened = 0; opened < (count ?? 0); opened += 200) {
      await Promise.all(
        Array.from({ length: Math.min(200, count - opened) }, async () => {
          const socket = connect({ port, host: '127.0.0.1', localAddress: address });
          sockets.add(socket);
          socket.on('error', () => {}).once('close', () => sockets.delete(socket));
          await once(socket, 'connect').catch(() => {});
          KINDS[kind](socket);
        }),
      );
    }
    process.send({ done: true });
  });
  setInterval(() => process.connected && process.send({ open: sockets.size }), 100).unref();
  process.once('disconnect', () => process.exit());
}

class Holder {
  open = 0;
  #child = fork(fileURLToPath(import.meta.url), ['--hold']);
  constructor() {
    this.#child.on('message', ({ open = this.open }) => (this.open = open));
    process.on('exit', () => this.#child.kill('SIGKILL'));
  }

  async tell(message) {
    const done = new Promise((resolve) => {
      this.#child.on('message', function onMessage(answer) {
        if (!answer.done) return;
        this.off('message', onMessage);
        resolve();
      });
    });
    this.#child.send(message);
    await done;
    await delay(250);
  }

  /** How many are left after at most so long. */
  async left(ms) {
    for (const end = performance.now() + ms; this.open > 0 && performance.now() < end;) {
      await delay(100);
    }
    return this.open;
  }
}

async function freePort() {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address();
  server.close();
  await once(server, 'close');
  return port;
}

async function main({ connections, cycles }) {
  const [http, grpc] = [await freePort(), await freePort()];
  const OPTIONS = JSON.stringify({
    accessLog: false,
    maxBodyBytes: MIB,
    timeoutMs: LATE_MS,
    openInference: {
      grpc: { port: grpc, host: '127.0.0.1', keepaliveMs: PING_MS, maxMessageBytes: MIB },
      models: [`${MODEL}:latest`],
    },
    runners: { [MODEL]: { workers: 1 } },
  });
  const home = here('../../sample/01-fastai-sentiment/models-home');
  const server = spawn(process.execPath, [here('../fixtures/nest/models-app.mjs')], {
    env: { ...process.env, HOME_OF_MODELS: home, OPTIONS, HTTP: String(http) },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  process.on('exit', () => server.kill('SIGKILL'));
  await once(createInterface({ input: server.stdout }), 'line');
  const memory = () =>
    Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${server.pid}/status`, 'utf8'))[1]) / 1024;
  const faults = [];
  const hold = (fact, holds) => holds || faults.push(fact);

  const clients = [`http://127.0.0.1:${http}`, `grpc://127.0.0.1:${grpc}`].map(
    (url) => new InferenceClient(url),
  );
  const ask = async (client) =>
    [...(await client.infer(MODEL, { text: 'It was bad' })).tensor('probabilities').data].join();
  const right = await ask(clients[0]);
  const others = { asked: 0, slowest: 0 };
  let asking = true;
  const asked = Promise.all(
    clients.map(async (client) => {
      while (asking) {
        const begun = performance.now();
        others.asked++;
        const answer = await ask(client).catch((error) => String(error));
        hold(`another's request: ${answer}`, answer === right);
        others.slowest = Math.max(others.slowest, performance.now() - begun);
        await delay(50);
      }
    }),
  );

  const raw = new Client(`127.0.0.1:${grpc}`, credentials.createInsecure(), {
    'grpc.max_send_message_length': -1,
  });
  const sendRaw = (bytes) =>
    new Promise((resolve) => {
      const same = (value) => value;
      const path = '/inference.GRPCInferenceService/ModelInfer';
      const deadline = new Date(Date.now() + 20_000);
      raw.makeUnaryRequest(path, same, same, bytes, { deadline }, (error) =>
        resolve(CODES[error?.code ?? 0]),
      );
    });
  const sendRest = async (body) =>
    (await fetch(`http://127.0.0.1:${http}/v2/models/${MODEL}/infer`, { method: 'POST', body }))
      .status;
  const statuses = async (count, send) => {
    const counts = {};
    for (let at = 0; at < count; at += 20) {
      for (const status of await Promise.all(Array.from({ length: 20 }, (_, i) => send(at + i)))) {
        counts[status] = (counts[status] ?? 0) + 1;
      }
    }
    return JSON.stringify(counts);
  };
  const garbage = (at) =>
    Buffer.from(Array.from({ length: 1 + (at % 60) }, (_, i) => (at * 31 + i * 17) % 256));

  const holders = [new Holder(), new Holder()];
  const all = (message) =>
    Promise.all(holders.map((holder, at) => holder.tell({ ...message, ...message.each?.[at] })));
  const open = () => holders[0].open + holders[1].open;
  const few = Math.ceil(connections / 20);
  const begin = memory();
  const most = [];
  console.log(`memory at the start: ${begin.toFixed(0)} MB`);
  for (let cycle = 0; cycle < cycles; cycle++) {
    const address = `127.0.0.${2 + (cycle % 250)}`;
    const rows = [];
    const note = (what, result) => rows.push(`  ${what}: ${result}; ${memory().toFixed(0)} MB`);
    const each = [
      { kind: 'REST, idle', port: http },
      { kind: 'gRPC, idle', port: grpc },
    ];
    await all({ count: connections / 2, address, each });
    await delay(2 * PING_MS);
    note('idle', `${open()} connections`);
    hold(`${open()} of ${connections} idle connections are open`, open() >= connections * 0.999);
    await all({});
    await Promise.all(holders.map((holder) => holder.left(10_000)));
    const unfinished = [
      ['REST, half of a body', http],
      ['gRPC, half of a preface', grpc],
      ['gRPC, no answer to pings', grpc],
    ];
    for (const [kind, port] of unfinished) {
      const begun = performance.now();
      await all({ kind, port, count: few / 2, address });
      const lefts = await Promise.all(holders.map((holder) => holder.left(90_000)));
      const left = lefts[0] + lefts[1];
      note(kind, `${few}, ${left} left after ${((performance.now() - begun) / 1000).toFixed(1)} s`);
      // An answer does not close the connection of REST by itself, but a late body does.
      hold(`${kind}: ${left} connections were not cut off`, left === 0);
    }
    const slow = { kind: 'REST, reads nothing', port: http, count: Math.ceil(few / 10), address };
    await all(slow);
    await delay(3000);
    note('REST, reads nothing', `${open()} connections`);
    await all({});
    const over = Buffer.alloc(MIB + 100);
    const expected = [
      ['gRPC, over the limit', 200, () => sendRaw(over), /^{"RESOURCE_EXHAUSTED":200}$/],
      ['REST, over the limit', 200, () => sendRest(over), /^{"413":200}$/],
      [
        'gRPC, no message',
        2000,
        (at) => sendRaw(garbage(at)),
        /^(?!.*"(OK|UNAVAILABLE|DEADLINE_EXCEEDED|INTERNAL)")/,
      ],
      ['REST, no message', 2000, (at) => sendRest(garbage(at)), /^{"400":2000}$/],
    ];
    for (const [what, count, send, wanted] of expected) {
      const found = await statuses(count, send);
      note(what, found);
      hold(`${what}: ${found}`, wanted.test(found));
    }
    await delay(2000);
    most.push(memory());
    console.log(`cycle ${cycle + 1}: ${memory().toFixed(0)} MB at its end\n${rows.join('\n')}`);
  }
  asking = false;
  await asked;
  // Pools and caches fill in the first cycle.
  const base = most[1] ?? most[0];
  hold(`memory grew from ${base} to ${most.at(-1)} MB`, most.at(-1) <= base * 1.1);
  hold('the process ended', server.exitCode === null);
  console.log(`${others.asked} requests of others, the slowest in ${others.slowest.toFixed(0)} ms`);
  const kinds = [...new Set(faults)];
  console.log(kinds.length === 0 ? 'all of it holds' : `FAILED:\n${kinds.slice(0, 20).join('\n')}`);
  return kinds.length === 0 ? 0 : 1;
}

for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, () => process.exit(1));
if (process.argv.includes('--hold')) holdConnections();
else {
  const { values } = parseArgs({
    options: {
      connections: { type: 'string', default: '18000' },
      cycles: { type: 'string', default: '3' },
    },
  });
  process.exit(
    await main({ connections: Number(values.connections), cycles: Number(values.cycles) }),
  );
}
