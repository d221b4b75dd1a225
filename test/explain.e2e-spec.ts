import { readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { brotliDecompressSync, gunzipSync } from 'node:zlib';
import { Controller, type INestApplication } from '@nestjs/common';
import {
  fastai,
  Image,
  Json,
  Learner,
  ModelStore,
  Runner,
  VtsApi,
  VtsModule,
  type FastaiRunner,
  type HeatMapExplanation,
  type ImageItem,
  type LanguageModelRunner,
  type LearnerDescription,
  type OcclusionExplanation,
  type ShownImage,
  type ShownText,
} from 'nestjs-vts';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { HttpClient } from './helpers/http-client.js';
import { startApp } from './helpers/testing-app.js';

const fixture = (path: string): string =>
  fileURLToPath(new URL(`fixtures/${path}`, import.meta.url));
const TEXTS = fixture('learners/cloudpickled/export.pkl');
const text = 'I REALLY liked it, the plot was awful.';
const photo = readFileSync(fixture('vision/images/q90.jpg'));

@Controller()
class WhyController {
  constructor(@Runner('images:latest') private readonly runner: FastaiRunner<ImageItem>) {}

  @VtsApi({ input: Image, output: new Json() })
  async why(image: Uint8Array): Promise<unknown> {
    const { heatmap, ...rest } = (await this.runner.explain.run(image)) as HeatMapExplanation;
    return { ...rest, map: [...heatmap.data], task: this.runner.description.task };
  }
}

describe('Runners explain, in workers of their own', () => {
  let home: string;
  let store: ModelStore;
  beforeAll(async () => {
    home = await mkdtemp(join(tmpdir(), 'vts-explain-'));
    store = new ModelStore(home);
    const images = await Learner.load(
      brotliDecompressSync(readFileSync(fixture('vision/learners/cropped-larger/export.pkl.br'))),
    );
    await fastai.saveModel('images', images, { store });
    await images.release();
    await fastai.saveModel('texts', TEXTS, { store });
    const words = await Learner.load(gunzipSync(readFileSync(fixture('lm/untied/export.pkl.gz'))));
    await fastai.saveModel('words', words as never, { store });
    await words.release();
  });
  afterAll(() => rm(home, { recursive: true }));

  async function running<R, T>(
    name: string,
    options: object,
    use: (runner: R) => Promise<T>,
  ): Promise<T> {
    const runner = (await fastai.get(name, { store })).toRunner(options);
    try {
      return await use(runner as R);
    } finally {
      await runner.close();
    }
  }

  it.each([{}, { isolation: 'process' }, { workers: 2 }])('an image, with %j', async (options) => {
    const learner = await Learner.load(
      (await fastai.get('images', { store })).pathOf('saved_model.pkl'),
    );
    await running('images', options, async (runner: FastaiRunner<ImageItem>) => {
      const [, , before] = await runner.predict.run(photo);
      expect(runner.description).toEqual(learner.description);
      const maps = await Promise.all(
        ['cmyk', 0, undefined].map((target) =>
          runner.explain.run(photo, target === undefined ? {} : { target }),
        ),
      );
      expect(maps[0]).toEqual(maps[1]);
      expect(maps[2]).toEqual(await learner.explain(photo));
      expect(await runner.show.run(photo)).toEqual(await learner.show(photo));
      const { image } = (await runner.show.run(photo)) as ShownImage;
      expect([image.height, image.width]).toEqual(runner.description.size);
      const [, , after] = await runner.predict.run(photo);
      expect(after.data).toEqual(before.data);
    });
    await learner.release();
  });

  it('a text', async () => {
    const learner = await Learner.load(TEXTS);
    await running('texts', {}, async (runner: FastaiRunner<string>) => {
      const why = (await runner.explain.run(text, { target: 'neg' })) as OcclusionExplanation;
      expect(why).toEqual(await learner.explain(text, { target: 'neg' }));
      const { tokens } = (await runner.show.run(text)) as ShownText;
      for (const { token, index, length } of why.parts) {
        expect(token).toBe(tokens.slice(index, index + length).join(' '));
      }
      await expect(runner.explain.run(text, { target: 'other' })).rejects.toThrow(/"neg", "pos"/);
      // Other options are those of every call.
      await expect(runner.explain.run(text, { signal: AbortSignal.abort() })).rejects.toMatchObject(
        { code: 'VTS_RUN_ABORTED' },
      );
    });
    await learner.release();
  });

  it('no language model, which shows its tokens', async () => {
    await running('words', {}, async (runner: LanguageModelRunner & FastaiRunner<string>) => {
      expect((await runner.show.run('the film')).tokens[0]).toBe('xxbos');
      const expected: LearnerDescription = { kind: 'lm', task: 'generate' };
      expect(runner.description).toEqual(expected);
      await expect(runner.explain.run('the film')).rejects.toThrow(/draws its words at random/);
    });
  });

  describe('behind an endpoint', () => {
    let app: INestApplication;
    beforeAll(async () => {
      app = await startApp({
        imports: [VtsModule.forRoot({ home })],
        controllers: [WhyController],
      });
    });
    afterAll(() => app.close());

    it('an image', async () => {
      const client = await HttpClient.of(app);
      const { status, json } = await client.post('/why', 'image/jpeg', photo);
      expect(status).toBe(200);
      expect(json).toMatchObject({ method: 'grad-cam', task: 'classify' });
      expect((json as { map: number[] }).map).toHaveLength(4);
    });
  });
});
