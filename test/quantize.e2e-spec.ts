import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import {
  fastai,
  InvalidRunnerOptionError,
  Learner,
  ModelStore,
  NothingToQuantizeError,
  type FastaiRunner,
  type Model,
  type Prediction,
  type RunnerOptions,
} from 'nestjs-vts';
import sharp from 'sharp';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { noise } from './helpers/noise.js';
import { vts } from './helpers/vts.js';

const FILE = 'test/fixtures/learners/base_tokenizer/export.pkl';

interface Cases {
  cases: { input: string; decoded: string; probs: number[] }[];
}

let home: string;
let model: Model;
let cases: Cases['cases'];
const runners: FastaiRunner<string, string>[] = [];

beforeAll(async () => {
  home = await mkdtemp(join(tmpdir(), 'vts-quantize-'));
  const store = new ModelStore(home);
  model = await fastai.saveModel('reviews', FILE, { store });
  const file = await readFile(FILE.replace('export.pkl', 'cases.json'), 'utf8');
  cases = (JSON.parse(file) as Cases).cases.filter(({ input }) => input.trim() !== '');
});

afterEach(async () => {
  await Promise.all(runners.splice(0).map((runner) => runner.close()));
});

afterAll(() => rm(home, { recursive: true, force: true }));

function runnerOf(options: RunnerOptions): FastaiRunner<string, string> {
  const runner = model.toRunner({ workers: 1, ...options }) as FastaiRunner<string, string>;
  runners.push(runner);
  return runner;
}

async function probabilities(runner: FastaiRunner<string, string>): Promise<number[][]> {
  const results: number[][] = [];
  for (const { input } of cases) {
    const [, , probs]: Prediction<string> = await runner.predict.run(input);
    results.push(Array.from(probs.data as Float32Array));
  }
  return results;
}

describe("quantize: 'int8' of a learner", () => {
  it('is close but not equal to fastai, and is cached next to the unchanged model', async () => {
    const before = await readFile(model.pathOf('saved_model.pkl'));
    const first = await probabilities(runnerOf({ quantize: 'int8' }));
    let largest = 0;
    first.forEach((probs, i) =>
      probs.forEach((value, c) => {
        largest = Math.max(largest, Math.abs(value - cases[i]!.probs[c]!));
      }),
    );
    expect(largest).toBeGreaterThan(0);
    expect(largest).toBeLessThan(0.05);
    expect(await readdir(model.path)).toContain('.vts-cache');
    expect((await readFile(model.pathOf('saved_model.pkl'))).equals(before)).toBe(true);
    expect(await probabilities(runnerOf({ quantize: 'int8' }))).toEqual(first);
  });

  it('is not the default, and does not follow from a cache', async () => {
    const exact = await probabilities(runnerOf({}));
    exact.forEach((probs, i) =>
      probs.forEach((value, c) => {
        expect(Math.abs(value - cases[i]!.probs[c]!)).toBeLessThanOrEqual(1e-4);
      }),
    );
  });

  it('has its own name: precision is for the PyTorch layer, and the error says so', () => {
    expect(() => model.toRunner({ precision: 'int8' })).toThrow(InvalidRunnerOptionError);
    expect(() => model.toRunner({ precision: 'int8' })).toThrow(/quantize: 'int8'/);
    expect(() => model.toRunner({ precision: 'fp32', quantize: 'int8' })).toThrow(/leave one/);
    expect(() => model.toRunner({ quantize: 'int4' as 'int8' })).toThrow(/quantize/);
  });

  it('refuses a padding token where fastai starts a chunk, which 8 bits cannot compute', async () => {
    const learner = await Learner.load<string>(FILE, { quantize: 'int8' });
    const words = Array.from({ length: 200 }, (_, i) => (i % 2 === 0 ? 'a' : 'film'));
    // Every other token, so that a chunk begins with one wherever chunks begin, or with the next.
    const padded = [0, 1].map((odd) =>
      words.map((word, i) => (i % 2 === odd ? 'xxpad' : word)).join(' '),
    );
    const answers = await Promise.allSettled(padded.map((text) => learner.predict(text)));
    const reasons = answers.map((answer) => (answer as PromiseRejectedResult).reason as unknown);
    expect(String(reasons.find((reason) => reason !== undefined))).toMatch(
      /padding token inside its text at position \d+.*without quantize/,
    );
    await learner.release();
  });

  it('refuses a learner that it would not change', async () => {
    const file = gunzipSync(await readFile('test/fixtures/tabular/typed.pkl.gz'));
    await expect(Learner.load(file, { quantize: 'int8' })).rejects.toThrow(NothingToQuantizeError);
  });
});

describe('vts compare', () => {
  it('reports how far the quantized learner is from the exact one', async () => {
    const data = join(home, 'texts.csv');
    const quoted = cases.map(({ input }) => `"${input.replaceAll('"', '""')}"`);
    await writeFile(data, `text\n${quoted.join('\n')}\n`);
    const { code, stdout, stderr } = await vts(
      ['compare', 'reviews', '--quantize', 'int8', '--data', data, '-o', 'json'],
      { home },
    );
    expect([code, stderr]).toEqual([0, '']);
    const report = JSON.parse(stdout) as Record<string, number>;
    expect(report['items']).toBe(cases.length);
    expect(report['equal']).toBeGreaterThan(cases.length * 0.9);
    expect(report['largestDifference']).toBeGreaterThan(0);
    expect(report['largestDifference']).toBeLessThan(0.05);
    expect(report['meanDifference']).toBeLessThan(report['largestDifference']!);
    expect(report['speedup']).toBeGreaterThan(0);
  });

  it('reports what scaled decoding of photographs changes', async () => {
    const photos = join(home, 'photos');
    await mkdir(photos);
    for (const seed of [1, 2, 3]) {
      // Shades between few points, as photographs have them, and too many pixels for the model.
      const raw = { width: 40, height: 30, channels: 3 } as const;
      const photo = sharp(noise(3600, seed), { raw }).resize(640, 480).jpeg();
      await photo.toFile(join(photos, `${seed}.jpg`));
    }
    const { code, stdout, stderr } = await vts(
      ['compare', 'shapes', '--decode', 'scaled', '--data', photos, '-o', 'json'],
      { home: 'sample/04-vision/models-home' },
    );
    expect([code, stderr]).toEqual([0, '']);
    const report = JSON.parse(stdout) as Record<string, unknown>;
    expect(report).toMatchObject({ decode: 'scaled', items: 3, equal: 3 });
    expect(report['largestDifference']).toBeGreaterThan(0);
    expect(report['largestDifference']).toBeLessThan(0.05);
  });

  it('says what is missing', async () => {
    const run = async (...args: string[]) => (await vts(['compare', ...args], { home })).stderr;
    expect(await run('reviews', 'a text')).toBe(
      'vts: Nothing to compare with. Give --quantize int8, or --decode scaled for images.\n',
    );
    expect(await run('reviews', '--quantize', 'int8')).toContain('No input to predict from');
    expect(await run('reviews', '--quantize', 'int8', '--data', home)).toContain(
      'is a folder, but the learner has the kind "text"',
    );
    expect(await run('reviews', '--decode', 'scaled', 'a text')).toContain(
      '--decode is for images, but the learner has the kind "text"',
    );
    const empty = join(home, 'empty.txt');
    await writeFile(empty, '\n');
    expect(await run('reviews', '--quantize', 'int8', '--data', empty)).toContain(
      'No items to compare',
    );
  });
});
