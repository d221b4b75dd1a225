import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { brotliDecompressSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { LearnerOptions } from '../contract.js';
import { UnknownLossError, UnsupportedLearnerError } from '../errors.js';
import { loadParser } from '../../python/source/syntax/parser.js';
import { Learner } from '../learner.js';

const folder = new URL('../../../../test/fixtures/code/learners/', import.meta.url);
const names = readdirSync(folder).filter((name) => name !== 'images');

interface Case {
  readonly input: string;
  readonly decoded: string;
  readonly pred: number | number[];
  readonly probs: number[];
}

const at = (name: string, file: string): URL => new URL(`${name}/${file}`, folder);
const fileOf = (name: string): Buffer =>
  brotliDecompressSync(readFileSync(at(name, 'export.pkl.br')));
const casesOf = (name: string): Case[] =>
  (JSON.parse(readFileSync(at(name, 'cases.json'), 'utf8')) as { cases: Case[] }).cases;
await loadParser();

/** The classes of the learner whose file only names them. */
const code = fileURLToPath(
  new URL('../../../../test/fixtures/make/code_learners.py', import.meta.url),
);
const optionsOf = (name: string): LearnerOptions => (name === 'named' ? { code } : {});
const load = (name: string, options = optionsOf(name)): Promise<Learner<string | Uint8Array>> =>
  Learner.load<string | Uint8Array>(fileOf(name), options);

describe.each(names)('Code of a notebook: %s', (name) => {
  let learner: Learner<string | Uint8Array>;
  beforeAll(async () => {
    learner = await load(name);
  });
  afterAll(() => learner.release());

  it('predicts what fastai predicts', async () => {
    for (const { input, decoded, pred, probs } of casesOf(name)) {
      const [label, target, scores] = await learner.predict(fileURLToPath(at(name, input)));
      expect(label).toBe(decoded);
      expect(Array.from(target.data as ArrayLike<bigint | number>, Number)).toEqual([pred].flat());
      Array.from(scores.data as Float32Array).forEach((score, i) =>
        expect(Math.abs(score - probs[i]!)).toBeLessThan(1e-4),
      );
    }
  });

  it('gives each item of a list the same numbers as alone', async () => {
    const paths = casesOf(name).map(({ input }) => fileURLToPath(at(name, input)));
    const [all] = await learner.getPreds(paths);
    const alone = await Promise.all(paths.map((path) => learner.predict(path)));
    const width = all.data.length / paths.length;
    alone.forEach(([, , scores], row) =>
      Array.from(scores.data as Float32Array).forEach((score, i) =>
        expect(Number(all.data[row * width + i])).toBeCloseTo(score, 6),
      ),
    );
  });
});

describe('Code of a notebook', () => {
  it('skips get_x for bytes, as fastai does for everything except paths', async () => {
    const learner = await load('get_grey');
    const [{ input }] = casesOf('get_grey') as [Case];
    const path = fileURLToPath(at('get_grey', input));
    const [, , read] = await learner.predict(path);
    const [, , plain] = await learner.predict(readFileSync(path));
    expect(Array.from(plain.data as Float32Array)).not.toEqual(
      Array.from(read.data as Float32Array),
    );
    await learner.release();
  });

  it("also opens bytes, blobs and buffers with the notebook's class", async () => {
    const learner = await load('hsv');
    const [{ input, probs }] = casesOf('hsv') as [Case];
    const bytes = readFileSync(fileURLToPath(at('hsv', input)));
    for (const item of [bytes, new Blob([bytes]), new Uint8Array(bytes).buffer]) {
      const [, , scores] = await learner.predict(item as Uint8Array);
      Array.from(scores.data as Float32Array).forEach((score, i) =>
        expect(Math.abs(score - probs[i]!)).toBeLessThan(1e-5),
      );
    }
    await learner.release();
  });

  it('shows an item as the model sees it after its transforms', async () => {
    const learner = await load('square');
    const [{ input }] = casesOf('square') as [Case];
    const shown = await learner.show(fileURLToPath(at('square', input)));
    expect(shown).toMatchObject({ image: { width: 32, height: 32, channels: 3 } });
    await learner.release();
  });

  it('knows the size that all images have', async () => {
    const learner = await load('standardized');
    expect(learner.description).toMatchObject({ task: 'classify', size: [24, 24] });
    await learner.release();
  });

  it('is refused by name if the file only names it, with the remedies', async () => {
    const transform = load('named', { activation: 'softmax' });
    await expect(transform).rejects.toThrow(UnsupportedLearnerError);
    const again = load('named', { activation: 'softmax' });
    await expect(again).rejects.toThrow(
      /"__main__\.SquarePad".*\{ code: 'notebook\.ipynb' \}.*\{ trainingOnly: \['SquarePad'\] \}/,
    );
    await expect(load('named', {})).rejects.toThrow(UnknownLossError);
    await expect(load('named', {})).rejects.toThrow(/"__main__\.ModuleLoss".*\{ code: /);
  });

  it('is left out if the user says that it is for training only', async () => {
    const trainingOnly = ['SquarePad', '__main__.TrainingNoise'];
    const learner = await load('named', { code, trainingOnly });
    const all = await load('named');
    const [{ input }] = casesOf('named') as [Case];
    const path = fileURLToPath(at('named', input));
    const [[, , left], [, , whole]] = [await learner.predict(path), await all.predict(path)];
    expect(Array.from(left.data as Float32Array)).not.toEqual(
      Array.from(whole.data as Float32Array),
    );
    await Promise.all([learner.release(), all.release()]);
  });

  it('comes before an activation that the user names', async () => {
    const learner = await load('module_loss', { activation: 'none' });
    const [{ input, probs }] = casesOf('module_loss') as [Case];
    const [, , raw] = await learner.predict(fileURLToPath(at('module_loss', input)));
    expect(Math.abs((raw.data as Float32Array)[0]! - probs[0]!)).toBeGreaterThan(1e-3);
    await learner.release();
  });
});
