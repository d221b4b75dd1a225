import { Controller, type INestApplication, type LoggerService } from '@nestjs/common';
import {
  fastai,
  ModelStore,
  NumpyNdarray,
  Runner,
  Text,
  VtsApi,
  VtsModule,
  type FastaiRunner,
  type Learner,
  type RunnerStats,
  type Tensor,
} from 'nestjs-vts';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { HttpClient } from './helpers/http-client.js';
import { MODELS_HOME } from './helpers/models-home.js';
import { startApp } from './helpers/testing-app.js';

@Controller()
class SentimentController {
  constructor(@Runner('fastai_sentiment') private readonly runner: FastaiRunner<string, string>) {}

  @VtsApi({ input: Text, output: NumpyNdarray })
  async classifyText(text: string): Promise<Tensor> {
    const [, , probs] = await this.runner.predict.asyncRun(text);
    return probs;
  }

  @VtsApi({ input: Text, output: Text })
  async label(text: string): Promise<string> {
    return (await this.runner.predict.run(text))[0];
  }

  @VtsApi({ input: Text, output: Text })
  async labelAtOnce(text: string): Promise<string> {
    return (await this.runner.predict.run(text, { timeoutMs: 1 }))[0];
  }

  @VtsApi({ input: Text, output: Text })
  async wrongItem(text: string): Promise<string> {
    return (await this.runner.predict.run(text.length as never))[0];
  }
}

class Log implements LoggerService {
  readonly errors: string[] = [];
  log(): void {}
  warn(): void {}
  error(message: unknown): void {
    this.errors.push(String(message));
  }
}

describe('A text classifier over HTTP', () => {
  const log = new Log();
  let app: INestApplication;
  let client: HttpClient;
  let learner: Learner<string, string>;

  beforeAll(async () => {
    const store = new ModelStore(MODELS_HOME);
    learner = await fastai.loadModel<string, string>('fastai_sentiment', { store });
    app = await startApp(
      { imports: [VtsModule.forRoot({ home: MODELS_HOME })], controllers: [SentimentController] },
      { logger: log },
    );
    client = await HttpClient.of(app);
  });
  afterAll(async () => {
    await app.close();
    await learner.release();
  });

  async function stats(): Promise<RunnerStats> {
    const { json } = await client.get('/healthz');
    const { info } = json as { info: Record<string, RunnerStats> };
    return info['fastai_sentiment:latest'] as RunnerStats;
  }

  it.each([
    ['a sentence', 'I really liked that movie!'],
    ['nothing', ''],
    ['spaces', '  '],
    ['the padding token', 'xxpad'],
    ['other scripts', '映画 🎬 '.repeat(50)],
    ['more than fastai reads', 'good '.repeat(2000)],
  ])('answers what the learner answers: %s', async (_name, text) => {
    const [label, , probs] = await learner.predict(text);
    const answer = await client.text('/classifyText', text);
    expect(answer).toMatchObject({ status: 200, json: [...(probs.data as Float32Array)] });
    expect(await client.text('/label', text)).toMatchObject({ status: 200, text: label });
  });

  it('keeps the answers of concurrent requests apart', async () => {
    const texts = Array.from(
      { length: 64 },
      (_, n) => `${'bad '.repeat(n)}${'good '.repeat(64 - n)}`,
    );
    const expected: unknown[] = [];
    for (const text of texts)
      expected.push([...((await learner.predict(text))[2].data as Float32Array)]);
    const answers = await Promise.all(texts.map((text) => client.text('/classifyText', text)));
    expect(answers.map(({ json }) => json)).toEqual(expected);
  });

  it('answers probes while it is busy', async () => {
    const busy = Array.from({ length: 32 }, () => client.text('/label', 'good '.repeat(5000)));
    for (const path of ['/livez', '/readyz', '/healthz']) {
      expect(await client.get(path)).toMatchObject({ status: 200, json: { status: 'ok' } });
    }
    const statuses = (await Promise.all(busy)).map(({ status }) => status);
    expect(new Set(statuses)).toEqual(new Set([200]));
  });

  it('answers 504 when a run takes too long, and keeps serving', async () => {
    const late = await client.text('/labelAtOnce', 'good '.repeat(200_000));
    expect(late).toMatchObject({ status: 504, json: { error: 'Gateway Timeout' } });
    expect(await client.text('/label', 'good')).toMatchObject({ status: 200 });
    expect(await stats()).toMatchObject({ restarts: 0, ready: 1 });
  });

  it('drops the runs of clients that have left', async () => {
    const leaving = new AbortController();
    const requests = Array.from({ length: 16 }, () => {
      const { signal } = leaving;
      return client.text('/label', 'good bad '.repeat(10_000), {}, signal).catch(() => 'left');
    });
    await expect.poll(async () => (await stats()).queued, { timeout: 20_000 }).toBeGreaterThan(8);
    const { completed, abandoned } = await stats();
    leaving.abort();
    expect(new Set(await Promise.all(requests))).toContain('left');
    await expect.poll(async () => (await stats()).queued, { timeout: 20_000 }).toBe(0);
    await client.text('/label', 'good');
    expect((await stats()).completed).toBeLessThan(completed + 8);
    expect((await stats()).abandoned).toBeGreaterThan(abandoned + 8);
  });

  it('answers 400 if the item is at fault', async () => {
    const wrong = await client.text('/wrongItem', 'a');
    expect(wrong).toMatchObject({ status: 400, json: { error: 'Bad Request' } });
    expect(await client.text('/label', 'good')).toMatchObject({ status: 200 });
    expect(log.errors).toEqual([]);
  });
});
