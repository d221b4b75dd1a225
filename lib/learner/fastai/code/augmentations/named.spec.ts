import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { brotliDecompressSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import type { LearnerOptions } from '../../contract.js';
import { UnknownLossError, UnsupportedLearnerError } from '../../errors.js';
import { Learner } from '../../learner.js';

const fixtures = new URL('../../../../../test/fixtures/', import.meta.url);
const images = new URL('code/learners/images/', fixtures);
const code = fileURLToPath(new URL('make/named_transforms.py', fixtures));

interface Case {
  readonly input: string;
  readonly probs: number[];
}

const load = (name: string, options: LearnerOptions = {}): Promise<Learner<string>> =>
  Learner.load<string>(
    brotliDecompressSync(readFileSync(new URL(`code/named/${name}/export.pkl.br`, fixtures))),
    options,
  );

async function predictsAsFastai(name: string, options?: LearnerOptions): Promise<void> {
  const { cases } = JSON.parse(
    readFileSync(new URL(`code/named/${name}/cases.json`, fixtures), 'utf8'),
  ) as { cases: Case[] };
  const learner = await load(name, options);
  for (const { input, probs } of cases) {
    const [predictions] = await learner.getPreds([fileURLToPath(new URL(input, images))]);
    Array.from(predictions.data as Float32Array).forEach((value, i) =>
      expect(Math.abs(value - probs[i]!)).toBeLessThan(2e-4),
    );
  }
  expect(cases.length).toBeGreaterThan(0);
  await learner.release();
}

describe('Transforms by name alone', () => {
  it('run the validation augmentation of the documented class', () =>
    predictsAsFastai('documented'));

  it('follow given code', async () => {
    await predictsAsFastai('documented', { code });
    await predictsAsFastai('swapped', { code });
  });

  it('leave out random augmentations', async () => {
    await predictsAsFastai('random');
    await predictsAsFastai('random', { code });
    await predictsAsFastai('random', { trainingOnly: ['ForTraining'] });
  });

  it('are refused if another class may do more, with their contents and both remedies', async () => {
    const loading = load('swapped');
    await expect(loading).rejects.toThrow(UnsupportedLearnerError);
    await expect(loading).rejects.toThrow(
      '"__main__.Swapped" (which contains LongestMaxSize, PadIfNeeded of albumentations), whose code is not in the file',
    );
    await expect(loading).rejects.toThrow("{ code: 'notebook.ipynb' }");
    await expect(loading).rejects.toThrow("{ trainingOnly: ['Swapped'] }");
  });
});

describe('A class of images by name alone', () => {
  it('opens pictures with given code', () => predictsAsFastai('opened', { code }));

  it('is refused by its own name', async () => {
    await expect(load('opened')).rejects.toThrow('"__main__.Grey"');
  });
});

describe('A loss by name alone', () => {
  it('is computed by given code', () => predictsAsFastai('weighted', { code }));

  it('uses a given activation', () => predictsAsFastai('weighted', { activation: 'none' }));

  it('is refused by its own name', async () => {
    const loading = load('weighted');
    await expect(loading).rejects.toThrow(UnknownLossError);
    await expect(loading).rejects.toThrow('"__main__.Weighted"');
  });
});
