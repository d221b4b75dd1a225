import { Controller, type INestApplication } from '@nestjs/common';
import { Json, Runner, VtsApi, VtsModule, type FastaiRunner } from 'nestjs-vts';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { JobsClient } from './helpers/jobs-app.js';
import { hasRedis, RedisServer } from './helpers/redis.js';
import { startApp } from './helpers/testing-app.js';

let release: () => void = () => undefined;

@Controller()
class Reviews {
  constructor(@Runner('fastai_sentiment:latest') private readonly runner: FastaiRunner<string>) {}

  /** Many texts at once; it tells nothing of how far it is. */
  @VtsApi({ input: new Json<string[]>(), output: new Json<number[]>(), job: true })
  async scores(texts: string[]): Promise<number[]> {
    const [predictions] = await this.runner.getPreds.run(texts);
    // The last share that was told is kept now and then: until a test has seen it.
    await new Promise<void>((resolve) => (release = resolve));
    return [...(predictions.data as Float32Array)];
  }
}

describe.runIf(hasRedis)('The progress of a job', () => {
  let redis: RedisServer;
  let app: INestApplication;
  let client: JobsClient;

  beforeAll(async () => {
    redis = await RedisServer.start();
    const home = 'sample/01-fastai-sentiment/models-home';
    const imports = [VtsModule.forRoot({ home, jobs: { connection: redis.url } })];
    app = await startApp({ imports, controllers: [Reviews] });
    client = await JobsClient.of(app);
  });
  afterAll(async () => {
    release();
    await app.close();
    await redis.stop();
  });

  const body = (count: number): string =>
    JSON.stringify(Array.from({ length: count }, (_, at) => `I really liked the ${at}th film.`));

  it('is the share of the rows that getPreds has predicted', async () => {
    const taken = await client.http.json('/scores/jobs', body(1000));
    const location = taken.headers.get('location')!;
    const seen = async (): Promise<number | null> => (await client.job(location)).progress;
    while ((await seen()) === null) await new Promise((resolve) => setTimeout(resolve, 50));
    const progress = (await seen())!;
    expect(progress).toBeGreaterThan(0);
    expect(progress).toBeLessThan(1);
    release();
    expect(await client.ended(location)).toMatchObject({ state: 'succeeded', progress: 1 });
    const { json } = await client.http.get(`${location}/result`);
    expect(json).toHaveLength(2000);
  });

  it('is not told where one batch is all', async () => {
    const taken = await client.http.json('/scores/jobs', body(1));
    const location = taken.headers.get('location')!;
    await client.until(location, 'running');
    await new Promise((resolve) => setTimeout(resolve, 1000));
    expect((await client.job(location)).progress).toBeNull();
    release();
    await client.ended(location);
  });
});
