import { readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import { Tensor } from 'onnxruntime-common';
import { describe, expect, it } from 'vitest';
import { draw, weigh } from './draw.js';
import { NoTokenLeftError, NotProbabilitiesError } from '../../errors.js';
import { Generation, type GenerationContext } from './generation.js';
import { LMLearner } from './lm-learner.js';
import type { DrawOptions } from './options.js';
import { SeededRandom } from '../../data/random.js';

const SAMPLES = 20_000;

/**
 * Pearson's statistic over the bins that expect five or more, the others as one bin; in units of
 * the value that chance exceeds once in a thousand times (Wilson and Hilferty's approximation).
 */
function misfit(counts: readonly number[], probs: readonly number[]): number {
  const total = counts.reduce((sum, count) => sum + count, 0);
  let statistic = 0;
  let bins = 0;
  let [restCount, restExpected] = [0, 0];
  const add = (count: number, expected: number): void => {
    statistic += (count - expected) ** 2 / expected;
    bins++;
  };
  probs.forEach((p, i) => {
    if (p * total >= 5) return add(counts[i]!, p * total);
    restCount += counts[i]!;
    restExpected += p * total;
  });
  if (restExpected >= 5) add(restCount, restExpected);
  else expect(restCount).toBeLessThan(25);
  const freedom = bins - 1;
  if (freedom === 0) return 0;
  const term = 2 / (9 * freedom);
  return statistic / (freedom * (1 - term + 3.09 * Math.sqrt(term)) ** 3);
}

function normalized(weights: readonly number[]): number[] {
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  return weights.map((weight) => weight / total);
}

describe('draw', () => {
  it('follows its weights, whatever they add up to', () => {
    const weights = Float32Array.of(0, 3, 1, 0, 0.5, 2, 0);
    const random = SeededRandom.from(7);
    const counts = Array<number>(weights.length).fill(0);
    for (let i = 0; i < SAMPLES; i++) counts[draw(weights, random.next())]!++;
    expect(misfit(counts, normalized([...weights]))).toBeLessThan(1);
    expect([counts[0], counts[3], counts[6]]).toEqual([0, 0, 0]);
  });

  it('never goes beyond the weights, at either end', () => {
    const weights = Float32Array.of(0, 0.1, 0.7, 0);
    expect(draw(weights, 0)).toBe(1);
    expect(draw(weights, 1 - 2 ** -53)).toBe(2);
  });

  it('refuses weights from which nothing can be drawn', () => {
    expect(() => draw(Float32Array.of(0, 0), 0.5)).toThrow(NoTokenLeftError);
    for (const bad of [-1, Number.NaN, Infinity]) {
      expect(() => draw(Float32Array.of(0.5, bad), 0.1)).toThrow(NotProbabilitiesError);
    }
  });
});

describe('weigh', () => {
  const weighed = (probs: number[], rules: Partial<Parameters<typeof weigh>[1]>) => {
    const array = Float32Array.from(probs);
    const reached = weigh(array, {
      excluded: undefined,
      minP: undefined,
      temperature: 1,
      ...rules,
    });
    return { reached, weights: [...array] };
  };

  it('does not change probabilities by default', () => {
    expect(weighed([0.5, 0.25, 0.25], {})).toEqual({ reached: true, weights: [0.5, 0.25, 0.25] });
  });

  it('removes tokens below minP, the excluded token first', () => {
    expect(weighed([0.5, 0.25, 0.25], { excluded: 0, minP: 0.25 }).weights).toEqual([
      0, 0.25, 0.25,
    ]);
    const none = weighed([0.5, 0.25, 0.25], { excluded: 0, minP: 0.3 });
    expect(none).toEqual({ reached: false, weights: [0, 0.25, 0.25] });
  });

  it('compares as float32 numbers, as torch does', () => {
    // 0.1 as float32 is above 0.1.
    expect(weighed([0.1, 0.9], { minP: 0.1 }).weights[0]).toBeGreaterThan(0);
  });

  it('raises to the power of 1 / temperature, up to a factor', () => {
    const { weights } = weighed([0.5, 0.25, 0], { temperature: 0.5 });
    expect(weights[1]! / weights[0]!).toBeCloseTo(0.25, 6);
    expect(weights[2]).toBe(0);
    const { weights: cold } = weighed([0.5, 0.25, 0.25], { temperature: 1e-5 });
    expect(cold).toEqual([1, 0, 0]);
    expect(weighed([0.5, 0.25, 0], { temperature: 5e-324 }).weights).toEqual([1, 0, 0]);
    expect(weighed([0, 0], { temperature: 2 }).weights).toEqual([0, 0]);
    expect(weighed([0.3, 0.3, 0], { temperature: 1e9 }).weights).toEqual([1, 1, 0]);
  });
});

describe('SeededRandom', () => {
  it('has different numbers for each seed, also for adjacent ones', () => {
    const firsts = Array.from({ length: 2000 }, (_, seed) => SeededRandom.from(seed).next());
    expect(new Set(firsts).size).toBe(2000);
    const counts = Array<number>(20).fill(0);
    for (const value of firsts) counts[Math.floor(value * 20)]!++;
    expect(misfit(counts, Array<number>(20).fill(0.05))).toBeLessThan(1);
    for (const seed of [-1, 2 ** 32, 2 ** 53 - 1, -(2 ** 53 - 1)]) {
      expect(firsts).not.toContain(SeededRandom.from(seed).next());
    }
  });

  it('continues from its state', () => {
    const random = SeededRandom.from(3);
    random.next();
    const copy = SeededRandom.resume(random.state);
    expect(copy.next()).toBe(random.next());
    expect(copy.next()).toBe(random.next());
  });
});

describe('the first word of 20,000 seeds', () => {
  const UNKNOWN = 0;
  const DEFAULTS: DrawOptions = {
    noUnk: true,
    temperature: 1,
    minP: undefined,
    onlyLastWord: false,
    seed: undefined,
  };
  const folder = 'test/fixtures/lm/untied';
  const { cases, vocab } = JSON.parse(readFileSync(`${folder}/cases.json`, 'utf8')) as {
    cases: { input: string; next_probs: number[] }[];
    vocab: string[];
  };
  const { input, next_probs: probs } = cases[0]!;
  // Several ids may stand for one token: xxfake fills the vocabulary up.
  const tokens = [...new Set(vocab)];
  const places = new Map(tokens.map((token, place) => [token, place]));

  function expectFit(drawn: readonly string[], weightOf: (p: number) => number): void {
    const weights = Array<number>(tokens.length).fill(0);
    vocab.forEach((token, id) => {
      if (id !== UNKNOWN) weights[places.get(token)!]! += weightOf(probs[id]!);
    });
    const counts = Array<number>(tokens.length).fill(0);
    for (const token of drawn) counts[places.get(token)!]!++;
    expect(counts[UNKNOWN]).toBe(0);
    expect(misfit(counts, normalized(weights))).toBeLessThan(1);
  }

  it("has fastai's distribution", async () => {
    const learner = await LMLearner.load(gunzipSync(readFileSync(`${folder}/export.pkl.gz`)));
    const drawn: string[] = [];
    for (let seed = 0; seed < SAMPLES; seed++) {
      const request = { text: input, nWords: 1, options: { ...DEFAULTS, seed } };
      drawn.push(...(await learner.slice(request, 0)).tokens);
    }
    await learner.release();
    expectFit(drawn, (p) => p);
  }, 60_000);

  it.each<[string, Partial<DrawOptions>, (p: number) => number]>([
    ['temperature 0.5', { temperature: 0.5 }, (p) => p ** 2],
    ['temperature 3', { temperature: 3 }, (p) => p ** (1 / 3)],
    ['minP', { minP: 0.04 }, (p) => (p >= 0.04 ? p : 0)],
    ['both', { minP: 0.04, temperature: 0.5 }, (p) => (p >= 0.04 ? p ** 2 : 0)],
    ['minP above all', { minP: 0.99 }, (p) => p],
  ])("has fastai's distribution, with %s", async (_name, options, weightOf) => {
    const context: GenerationContext = {
      // The model's numbers, without the cost of the model.
      model: {
        carries: true,
        step: async () => ({
          logits: new Tensor('float32', probs, [1, probs.length]),
          state: undefined,
        }),
        release: async () => undefined,
      },
      activation: (output) => output,
      unknown: UNKNOWN,
    };
    const drawn: string[] = [];
    for (let seed = 0; seed < SAMPLES; seed++) {
      const state = { ...Generation.start(Int32Array.of(2), 1, seed), warned: true };
      const id = await new Generation(context, { ...DEFAULTS, ...options }, state).step();
      drawn.push(vocab[id!]!);
    }
    expectFit(drawn, weightOf);
  });
});
