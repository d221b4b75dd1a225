import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { ModelStore, remoteRunner, type FastaiRunner } from 'nestjs-vts/serving';
import { freePort } from '../load/free-port.js';
import { inTurns, type Pair } from '../statistics.js';
import { answerQuestions } from './answer.js';

/** How the server is reached. */
export type Way = 'gRPC' | 'REST' | 'gRPC, Unix socket' | 'REST, Unix socket';

export type RemoteQuestion =
  | { readonly way: Way; readonly ms: number }
  | { readonly processes: number; readonly callers: number; readonly ms: number };

/** Alternates calls of a local and a remote runner, or measures several callers. */
export type RemoteAnswer = Pair | { readonly perSecond: number };

// Arguments: the store, the model, a folder for sockets.
const [, , home, model, sockets] = process.argv as [string, string, string, string, string];
const TEXT = 'I really liked this film, and so did everybody else.';

const local = (await new ModelStore(home).get(model)).toRunner({
  workers: 1,
  threads: 1,
}) as FastaiRunner<string>;

interface Server {
  readonly child: ChildProcess;
  readonly urls: Readonly<Record<Way, string>>;
}

const servers: Promise<Server>[] = [];
process.once('exit', () => {
  for (const child of children) child.kill('SIGKILL');
});
const children = new Set<ChildProcess>();

async function startServer(
  ports: { http: number; grpc: number } | undefined,
): Promise<ChildProcess> {
  const at = ports && { HTTP_PORT: String(ports.http), GRPC_PORT: String(ports.grpc) };
  const env = { ...process.env, HOME_OF_MODELS: home, MODEL: model, SOCKETS: sockets, ...at };
  const file = fileURLToPath(new URL('../servers/models.js', import.meta.url));
  const child = spawn(process.execPath, [file], { env, stdio: ['ignore', 'pipe', 'inherit'] });
  children.add(child);
  await once(createInterface({ input: child.stdout! }), 'line');
  return child;
}

async function onPorts(): Promise<Server> {
  const ports = { http: await freePort(), grpc: await freePort() };
  const child = await startServer(ports);
  const urls = {
    gRPC: `grpc://127.0.0.1:${ports.grpc}`,
    REST: `http://127.0.0.1:${ports.http}`,
    'gRPC, Unix socket': `unix:${sockets}/grpc.sock`,
    'REST, Unix socket': `http+unix:${sockets}/http.sock`,
  };
  return { child, urls };
}

let onSockets: Promise<ChildProcess> | undefined;

async function urlsOf(way: Way): Promise<string> {
  if (way.includes('socket')) await (onSockets ??= startServer(undefined));
  const server = await (servers[0] ??= onPorts());
  return server.urls[way];
}

const runners = new Map<string, FastaiRunner<string>>();

async function runnerOf(url: readonly string[]): Promise<FastaiRunner<string>> {
  const key = url.join();
  let runner = runners.get(key);
  if (runner === undefined) {
    runner = remoteRunner<FastaiRunner<string>>(model, { remote: { url } });
    await runner.open();
    // All of its addresses have been checked by then.
    for (let turn = 0; turn < 200; turn++) await runner.predict.run(TEXT);
    runners.set(key, runner);
  }
  return runner;
}

await answerQuestions(async (question: RemoteQuestion): Promise<RemoteAnswer> => {
  if ('way' in question) {
    const remote = await runnerOf([await urlsOf(question.way)]);
    const here = (): Promise<unknown> => local.predict.run(TEXT);
    return inTurns(here, () => remote.predict.run(TEXT), question.ms);
  }
  const { processes, callers, ms } = question;
  while (servers.length < processes) servers.push(onPorts());
  const all = await Promise.all(servers.slice(0, processes));
  const runner = await runnerOf(all.map(({ urls }) => urls.gRPC));
  const end = performance.now() + ms;
  let calls = 0;
  const caller = async (): Promise<void> => {
    for (; performance.now() < end; calls++) await runner.predict.run(TEXT);
  };
  await Promise.all(Array.from({ length: callers }, caller));
  return { perSecond: calls / (ms / 1000) };
});
