import { readFileSync } from 'node:fs';
import { unpackTar } from 'modern-tar';
import { beforeAll, describe, expect, it } from 'vitest';
import xz from 'xz-decompress';
import { Learner } from '../learner.js';
import { TextInputError } from '../../onnx/errors.js';
import { LMLearner } from './lm/lm-learner.js';

interface Case {
  readonly input: string;
  readonly decoded: string;
  readonly probs: readonly number[];
  readonly next_probs: readonly number[];
  readonly greedy: readonly string[];
}

let files: ReadonlyMap<string, Uint8Array>;

beforeAll(async () => {
  const packed = new Blob([readFileSync('test/fixtures/code/own_text_models.tar.xz')]);
  const entries = await unpackTar(new xz.XzReadableStream(packed.stream()));
  files = new Map(entries.map(({ header, data }) => [header.name, data!]));
});

const fileOf = (name: string): Uint8Array => files.get(`${name}/export.pkl`)!;

function casesOf(name: string): Case[] {
  const text = new TextDecoder().decode(files.get(`${name}/cases.json`));
  return (JSON.parse(text) as { cases: Case[] }).cases;
}

function expectClose(actual: ArrayLike<number>, wanted: readonly number[]): void {
  expect(actual).toHaveLength(wanted.length);
  wanted.forEach((value, at) => expect(Math.abs(actual[at]! - value)).toBeLessThan(1e-5));
}

// lm_plain returns three results, of which fastai's RNNCallback keeps the first. lm_state keeps the
// state of one call for the next, and sets it back in reset().
describe.each(['lm_plain', 'lm_state'])("a notebook's own language model: %s", (name) => {
  it('gives the probabilities that fastai gives, in any order of the texts', async () => {
    const learner = await LMLearner.load(fileOf(name));
    const cases = casesOf(name);
    for (const { input, next_probs: wanted } of [...cases, ...cases.toReversed()]) {
      const [probs] = await learner.getPreds([input]);
      expect(probs.dims).toEqual([1, wanted.length]);
      expectClose(probs.data as Float32Array, wanted);
    }
    await learner.release();
  });

  it('continues a text with the likeliest tokens of fastai', async () => {
    const learner = await LMLearner.load(fileOf(name));
    for (const { input, greedy } of casesOf(name)) {
      if (greedy.some((token) => token === 'xxbos' || token === 'xxpad')) continue;
      let added: string[] = [];
      await learner.predict(input, greedy.length, {
        temperature: 1e-4,
        seed: 1,
        decoder: (tokens) => {
          added = tokens.slice(-greedy.length);
          return tokens;
        },
      });
      expect(added).toEqual(greedy);
    }
    await learner.release();
  });

  it('gives no encodings', async () => {
    const learner = await LMLearner.load(fileOf(name));
    await expect(learner.encode('the movie')).rejects.toThrow(/Only fastai's own language models/);
    await learner.release();
  });
});

// The first one keeps a state from chunk to chunk; the code of the second loops over the tokens.
describe.each(['encoder_state', 'encoder_loop'])("a SentenceEncoder's own encoder: %s", (name) => {
  it('predicts as fastai does, whatever the number of chunks', async () => {
    const learner = await Learner.load<string>(fileOf(name));
    const cases = casesOf(name);
    for (const { input, decoded, probs: wanted } of cases) {
      const [label, , probs] = await learner.predict(input);
      expect(label).toBe(decoded);
      expectClose(probs.data as Float32Array, wanted);
    }
    const [all] = await learner.getPreds([...cases, ...cases].map(({ input }) => input));
    expectClose(
      all.data as Float32Array,
      [...cases, ...cases].flatMap(({ probs }) => probs),
    );
    await learner.release();
  });

  it('refuses a padding token where fastai would leave out a chunk', async () => {
    const learner = await Learner.load<string>(fileOf(name));
    const text = 'the movie was good bad really i liked it not a xxpad movie';
    await expect(learner.predict(text)).rejects.toThrow(TextInputError);
    await learner.release();
  });
});
