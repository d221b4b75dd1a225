import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Controller, Module, type INestApplication } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import {
  fastai,
  ModelStore,
  NumpyNdarray,
  Runner,
  Text,
  VtsApi,
  VtsModule,
  type FastaiRunner,
} from 'nestjs-vts';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { adapter } from './helpers/adapter.js';

const learner = (name: string): string =>
  fileURLToPath(new URL(`./fixtures/learners/${name}/export.pkl`, import.meta.url));

let home: string;
let store: ModelStore;
let app: INestApplication;
let url: string;

@Controller()
class WatchedController {
  constructor(@Runner('watched') readonly runner: FastaiRunner<string>) {}

  /** The probabilities of a text, twice: a request that calls a runner twice gets one version. */
  @VtsApi({ input: Text, output: NumpyNdarray })
  async classify(text: string): Promise<number[][]> {
    const first = await this.runner.predict.run(text);
    await new Promise((resolve) => setTimeout(resolve, 20));
    const second = await this.runner.predict.run(text);
    return [first, second].map(([, , probs]) => Array.from(probs.data as Float32Array));
  }
}

beforeAll(async () => {
  home = await mkdtemp(join(tmpdir(), 'vts-watch-'));
  store = new ModelStore(home);
  await fastai.saveModel('watched:v1', learner('base_tokenizer'), { store });

  @Module({
    imports: [VtsModule.forRoot({ home, watch: true, runners: { watched: { workers: 1 } } })],
    controllers: [WatchedController],
  })
  class WatchedModule {}
  app = await NestFactory.create(WatchedModule, adapter(), { logger: false, abortOnError: false });
  await app.listen(0, '127.0.0.1');
  url = await app.getUrl();
});

afterAll(async () => {
  await app.close();
  await rm(home, { recursive: true, force: true });
});

async function classify(): Promise<{ status: number; body: number[][] }> {
  const response = await fetch(`${url}/classify`, {
    method: 'POST',
    headers: { 'content-type': 'text/plain' },
    body: 'I really liked that movie!',
  });
  return { status: response.status, body: (await response.json()) as number[][] };
}

const runner = (): FastaiRunner<string> => app.get(WatchedController).runner;

describe('an application that watches its store', () => {
  it('switches to a new latest while it serves, and no request fails', async () => {
    const { body: old } = await classify();
    const seen = new Set<string>();
    let stop = false;
    const clients = Array.from({ length: 4 }, async () => {
      let count = 0;
      for (; !stop; count++) {
        const { status, body } = await classify();
        expect(status).toBe(200);
        expect(body[1]).toEqual(body[0]);
        seen.add(String(body[0]));
      }
      return count;
    });
    await fastai.saveModel('watched:v2', learner('few_rules'), { store });
    for (let wait = 0; wait < 200 && runner().tag !== 'watched:v2'; wait++) {
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
    expect(runner().tag).toBe('watched:v2');
    // The old version is closed while the clients go on.
    await new Promise((resolve) => setTimeout(resolve, 2500));
    stop = true;
    const counts = await Promise.all(clients);
    expect(Math.min(...counts)).toBeGreaterThan(5);
    expect([...seen]).toHaveLength(2);
    expect([...seen][0]).toBe(String(old[0]));
    const { body } = await classify();
    expect(String(body[0])).toBe([...seen][1]);
  });

  it('stays with the old version if the new one cannot be loaded', async () => {
    await store.create('watched:v3', { module: 'bentoml.fastai' }, async (folder) => {
      await mkdir(folder, { recursive: true });
      await writeFile(join(folder, 'saved_model.pkl'), 'no learner');
    });
    await new Promise((resolve) => setTimeout(resolve, 2000));
    expect(runner().tag).toBe('watched:v2');
    expect((await classify()).status).toBe(200);
    const ready = await fetch(`${url}/readyz`);
    expect(ready.status).toBe(200);
  });
});
