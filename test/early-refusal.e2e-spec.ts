import { connect } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { Controller, type INestApplication } from '@nestjs/common';
import {
  getRunnerToken,
  Json,
  Runnable,
  RunnableMethod,
  Runner,
  VtsApi,
  VtsModule,
  type RunnerOf,
} from 'nestjs-vts';
import { afterEach, describe, expect, it } from 'vitest';
import { HttpClient, type Answer } from './helpers/http-client.js';
import { startApp } from './helpers/testing-app.js';

/** Gives numbers back, when it is let. */
@Runnable({ name: 'echo' })
class Echo {
  static last: Echo;
  runs = 0;
  /** Milliseconds of a run. */
  takesMs = 0;
  #closed: Promise<void> | undefined;
  #open: () => void = () => undefined;

  constructor() {
    Echo.last = this;
  }

  /** Runs wait from here on. */
  close(): void {
    this.#closed = new Promise((resolve) => (this.#open = resolve));
  }

  open(): void {
    this.#closed = undefined;
    this.#open();
  }

  @RunnableMethod({ batchable: true })
  async numbers(numbers: number[]): Promise<number[]> {
    this.runs++;
    await this.#closed;
    if (this.takesMs > 0) await delay(this.takesMs);
    return numbers;
  }
}

@Controller()
class EchoController {
  constructor(@Runner(Echo) private readonly echo: RunnerOf<Echo>) {}

  @VtsApi({ input: new Json(), output: new Json() })
  numbers(numbers: unknown): Promise<number[]> {
    return this.echo.numbers.run(numbers as number[]);
  }

  @VtsApi({ input: new Json(), output: new Json() })
  async otherwise(numbers: unknown): Promise<unknown> {
    return this.echo.numbers.run(numbers as number[]).catch(() => 'a way out');
  }
}

let app: INestApplication;
afterEach(async () => {
  Echo.last.open();
  await app.close();
});

interface Full {
  readonly client: HttpClient;
  readonly waiting: readonly Promise<Answer>[];
}

/**
 * An application whose runner was served well by this route, and takes no more now; the route has
 * told so once.
 */
async function full(route: string, overload = true): Promise<Full> {
  app = await startApp(
    {
      imports: [
        VtsModule.forRoot({
          runnables: [Echo],
          runners: { echo: { batching: { maxBatchSize: 1, maxQueueSize: 2 } } },
          overload,
        }),
      ],
      controllers: [EchoController],
    },
    { app: (made) => made.enableCors({ origin: 'https://shop.example' }) },
  );
  const client = await HttpClient.of(app);
  for (let i = 0; i < 40; i++) expect((await client.json(route, `[${i}]`)).status).toBe(200);
  const before = Echo.last.runs;
  Echo.last.close();
  const waiting = [client.json(route, '[1]')];
  await expect.poll(() => Echo.last.runs).toBe(before + 1);
  const runner = app.get<RunnerOf<Echo>>(getRunnerToken(Echo));
  while (!runner.stats.full) {
    const { queued } = runner.stats;
    waiting.push(client.json(route, `[${queued + 2}]`));
    await expect.poll(() => runner.stats.queued).toBe(queued + 1);
  }
  return { client, waiting };
}

/** Announces a body that never comes; the answer, headers and all. */
function withoutBody(url: string, path: string): Promise<string> {
  const { hostname, port } = new URL(url);
  return new Promise((resolve, reject) => {
    const socket = connect(Number(port), hostname.replace(/[[\]]/g, ''), () =>
      socket.write(
        `POST ${path} HTTP/1.1\r\nHost: localhost\r\nOrigin: https://shop.example\r\n` +
          'Content-Type: application/json\r\nContent-Length: 1000000\r\n\r\n[1,',
      ),
    );
    let text = '';
    socket.on('data', (data) => {
      text += String(data);
      if (text.includes('"error"')) {
        socket.destroy();
        resolve(text);
      }
    });
    socket.on('error', reject);
  });
}

describe('An endpoint whose runner is full', () => {
  it('answers before it has read the body, with all headers of the application', async () => {
    const { client, waiting } = await full('/numbers');
    expect((await client.json('/numbers', '[7]')).status).toBe(503);

    const answer = await withoutBody(await app.getUrl(), '/numbers');
    expect(answer).toMatch(/^HTTP\/1\.1 503 /);
    expect(answer).toMatch(/retry-after: [1-9]/i);
    expect(answer).toMatch(/access-control-allow-origin: https:\/\/shop\.example/i);
    expect(answer).toMatch(/x-request-id: /i);
    const body = JSON.parse(answer.slice(answer.indexOf('{'))) as object;
    expect(body).toEqual({
      statusCode: 503,
      message: expect.stringMatching(/"echo.*wait; try again in \d+ s/),
      error: 'Service Unavailable',
    });

    Echo.last.open();
    expect((await Promise.all(waiting)).map(({ status }) => status)).toEqual(
      waiting.map(() => 200),
    );
    expect((await client.json('/numbers', '[8]')).json).toEqual([8]);
  });

  it('counts such requests by their route, and as shed', async () => {
    const { client } = await full('/numbers');
    for (let i = 0; i < 5; i++) await client.json('/numbers', '[7]');

    const { text } = await client.get('/metrics');
    expect(text).toMatch(
      /vts_http_requests_total\{method="POST",route="\/numbers",status="503"\} 5/,
    );
    expect(text).toMatch(
      /vts_runner_shed_total\{runner="echo[^"]*",method="numbers",reason="queue"\} 5/,
    );
  });

  it('keeps reading if a handler can answer without the runner', async () => {
    const { client } = await full('/otherwise');
    for (let i = 0; i < 3; i++) {
      expect((await client.json('/otherwise', '[7]')).json).toBe('a way out');
    }
  });

  it('serves to the end while those that it refuses come again at once', async () => {
    const { client, waiting } = await full('/numbers');
    expect((await client.json('/numbers', '[7]')).status).toBe(503);
    Echo.last.open();
    await Promise.all(waiting);

    Echo.last.takesMs = 2;
    const statuses: number[] = [];
    const caller = async (): Promise<void> => {
      while (statuses.filter((status) => status === 200).length < 60) {
        const { status, headers, json } = await client.json('/numbers', '[7]');
        statuses.push(status);
        if (status === 200) expect(json).toEqual([7]);
        else expect(Number(headers.get('retry-after'))).toBeGreaterThanOrEqual(1);
      }
    };
    await Promise.all(Array.from({ length: 100 }, caller));

    expect(new Set(statuses)).toEqual(new Set([200, 503]));
    expect((await client.json('/numbers', '[8]')).json).toEqual([8]);
  });

  it('reads all requests if the option is off', async () => {
    const { client } = await full('/numbers', false);
    expect((await client.json('/numbers', '[7]')).status).toBe(503);
    expect((await client.json('/numbers', 'no JSON')).status).toBe(400);
  });
});
