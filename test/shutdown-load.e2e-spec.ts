import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { Agent, request } from 'node:http';
import { createInterface } from 'node:readline';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { afterEach, describe, expect, it } from 'vitest';
import { HttpClient } from './helpers/http-client.js';
import { MODELS_HOME } from './helpers/models-home.js';

const APP = fileURLToPath(new URL('./fixtures/nest/app.mjs', import.meta.url));
const CLIENTS = 24;

/** What became of a request: its status, or the error of its connection. */
type Outcome = number | string;

describe.each([
  ['threads', 'thread', 2],
  ['processes', 'process', 1],
] as const)('A process with its models in %s, under load', (_name, isolation, rounds) => {
  let child: ChildProcess | undefined;
  afterEach(() => child?.kill('SIGKILL'));

  async function start(more: object = {}): Promise<number> {
    const runners = { fastai_sentiment: { workers: 1, isolation } };
    const options = { runners, accessLog: false, shutdownTimeoutMs: 20_000, ...more };
    const env = { ...process.env, HOME_OF_MODELS: MODELS_HOME, OPTIONS: JSON.stringify(options) };
    child = spawn(process.execPath, [APP], { env, stdio: ['ignore', 'pipe', 'inherit'] });
    const [line] = await once(
      createInterface({ input: child.stdout as NodeJS.ReadableStream }),
      'line',
    );
    return Number(String(line).replace('listening ', ''));
  }

  function post(port: number, agent: Agent, body: string): Promise<Outcome> {
    return new Promise((resolve) => {
      const headers = { 'content-type': 'text/plain' };
      const call = request(
        { port, agent, host: '127.0.0.1', path: '/classifyText', method: 'POST', headers },
        (response) => {
          response.once('error', (error: NodeJS.ErrnoException) => resolve(`body: ${error.code}`));
          response.resume().once('end', () => resolve(response.statusCode ?? 0));
        },
      );
      call.once('error', (error: NodeJS.ErrnoException) => resolve(error.code ?? error.message));
      call.end(body);
    });
  }

  it('does not interrupt a request when it is told to end', async () => {
    for (let round = 0; round < rounds; round++) {
      const port = await start();
      const agent = new Agent({ keepAlive: true });
      const outcomes = new Map<Outcome, number>();
      let refused = 0;
      const client = async (text: string): Promise<void> => {
        for (;;) {
          const outcome = await post(port, agent, text);
          if (outcome === 'ECONNREFUSED') break;
          outcomes.set(outcome, (outcomes.get(outcome) ?? 0) + 1);
        }
        refused++;
      };
      const load = Promise.all(
        Array.from({ length: CLIENTS }, (_, i) => client('I liked it. '.repeat(1 + i * 20))),
      );
      await delay(1000 + 137 * round);
      const exit = once(child as ChildProcess, 'exit');
      child?.kill('SIGTERM');
      expect(await exit).toEqual([0, null]);
      await load;
      agent.destroy();
      // Every client was served until there was nobody to connect to any more.
      expect(refused).toBe(CLIENTS);
      expect([...outcomes.keys()]).toEqual([200]);
      expect(outcomes.get(200)).toBeGreaterThan(CLIENTS);
    }
  });

  it('resets no new connection if clients see it drain', async () => {
    const port = await start({ drainMs: 1500 });
    const probes = new HttpClient(`http://127.0.0.1:${port}`);
    const agent = new Agent({ keepAlive: false });
    const outcomes = new Map<Outcome, number>();
    let ready = true;
    const client = async (): Promise<void> => {
      while (ready) {
        const outcome = await post(port, agent, 'I liked it.');
        outcomes.set(outcome, (outcomes.get(outcome) ?? 0) + 1);
      }
    };
    const load = Promise.all(Array.from({ length: CLIENTS }, client));
    await delay(500);
    const before = outcomes.get(200) ?? 0;
    const exit = once(child as ChildProcess, 'exit');
    child?.kill('SIGTERM');
    for (; ready; await delay(300)) ready = (await probes.get('/readyz')).status === 200;
    await load;
    expect(await exit).toEqual([0, null]);
    expect([...outcomes.keys()]).toEqual([200]);
    expect(outcomes.get(200)).toBeGreaterThan(before);
  });
});
