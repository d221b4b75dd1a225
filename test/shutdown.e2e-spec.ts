import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { Agent, request } from 'node:http';
import { connect } from 'node:net';
import { createInterface } from 'node:readline';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { afterEach, describe, expect, it } from 'vitest';
import { HttpClient } from './helpers/http-client.js';
import { MODELS_HOME } from './helpers/models-home.js';

const APP = fileURLToPath(new URL('./fixtures/nest/app.mjs', import.meta.url));
const longText = 'I liked the movie a lot, but it was far too long for me. '.repeat(600);

describe('A process', () => {
  let child: ChildProcess | undefined;
  afterEach(() => child?.kill('SIGKILL'));

  /** Starts the application; resolves with its port. */
  async function start(options: object = {}, home = MODELS_HOME): Promise<number> {
    const env = { ...process.env, HOME_OF_MODELS: home, OPTIONS: JSON.stringify(options) };
    child = spawn(process.execPath, [APP], { env, stdio: ['ignore', 'pipe', 'pipe'] });
    const lines = createInterface({ input: child.stdout as NodeJS.ReadableStream });
    const [line] = (await once(lines, 'line')) as [string];
    return Number(line.replace('listening ', ''));
  }

  const ended = async (): Promise<unknown> =>
    (await once(child as ChildProcess, 'exit')) as unknown;

  /** Status and body, over a connection that is kept alive. */
  function post(port: number, agent: Agent, body: string): Promise<[number, string]> {
    return new Promise((resolve, reject) => {
      const headers = { 'content-type': 'text/plain' };
      const call = request({ port, agent, path: '/classifyText', method: 'POST', headers });
      call.on('error', reject).on('response', (response) => {
        let text = '';
        response.setEncoding('utf8').on('data', (chunk: string) => (text += chunk));
        response.on('end', () => resolve([response.statusCode ?? 0, text]));
      });
      call.end(body);
    });
  }

  it('answers all requests in progress when it is told to end, and exits with 0', async () => {
    const port = await start();
    const agent = new Agent({ keepAlive: true });
    const [status, expected] = await post(port, agent, longText);
    expect(status).toBe(200);
    const answers = Array.from({ length: 32 }, () => post(port, agent, longText));
    await Promise.race(answers);
    const exit = ended();
    child?.kill('SIGTERM');
    expect(await Promise.all(answers)).toEqual(answers.map(() => [200, expected]));
    expect(await exit).toEqual([0, null]);
    agent.destroy();
  });

  it('ends with code 0 when no request is in progress', async () => {
    const port = await start();
    const agent = new Agent({ keepAlive: true });
    await post(port, agent, 'short');
    const exit = ended();
    child?.kill('SIGINT');
    expect(await exit).toEqual([0, null]);
    agent.destroy();
  });

  it.each([
    ['nothing', ''],
    ['half a head', 'POST /classifyText HTTP/1.1\r\nHost: a\r\n'],
    [
      'half a JSON body',
      'POST /classifyText HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nContent-Length: 99\r\n\r\n[1,',
    ],
  ])('ends although a client that sent %s keeps its connection', async (_name, sent) => {
    const port = await start({ shutdownTimeoutMs: 1000 });
    const socket = connect(port, 'localhost').on('error', () => undefined);
    await once(socket, 'connect');
    socket.write(sent);
    await delay(200);
    const exit = ended();
    child?.kill('SIGTERM');
    expect(await exit).toEqual([0, null]);
    socket.destroy();
  });

  it('answers 503 to requests that it cannot finish in time, and is not ready meanwhile', async () => {
    const port = await start({ shutdownTimeoutMs: 1500 });
    const agent = new Agent({ keepAlive: true });
    const answers = Array.from({ length: 64 }, () => post(port, agent, longText.repeat(9)));
    await Promise.race(answers);
    const exit = ended();
    child?.kill('SIGTERM');
    await delay(200);
    const ready = await new HttpClient(`http://localhost:${port}`).get('/readyz');
    expect(ready).toMatchObject({ status: 503, json: { error: 'Service Unavailable' } });
    const statuses = (await Promise.all(answers)).map(([status]) => status);
    expect(new Set(statuses)).toEqual(new Set([200, 503]));
    expect(await exit).toEqual([0, null]);
    agent.destroy();
  });

  it('does not start without its model, and lists the existing ones', async () => {
    const env = { ...process.env, HOME_OF_MODELS: '/no/such/store' };
    child = spawn(process.execPath, [APP], { env, stdio: ['ignore', 'pipe', 'pipe'] });
    let log = '';
    child.stderr?.on('data', (chunk: Buffer) => (log += chunk.toString()));
    const [code] = (await ended()) as [number];
    expect(code).toBe(1);
    expect(log).toContain('The model "fastai_sentiment:latest" is not in the store');
  });
});
