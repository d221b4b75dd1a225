import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { lastValueFrom, take, toArray } from 'rxjs';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { InputError } from '../../../errors/index.js';
import { lowerModel, writeModel } from '../../../onnx/index.js';
import { LearnerReleasedError, UnexpectedItemError, WrongLearnerKindError } from '../../errors.js';
import { Learner } from '../../learner.js';
import { InvalidGenerateOptionError } from '../../errors.js';
import { LMLearner } from './lm-learner.js';
import type { GenerateOptions, StreamOptions } from './options.js';

interface Case {
  input: string;
  ids: number[];
  next_probs: number[];
  last_word_probs?: number[];
  greedy?: string[];
  greedy_only_last?: string[];
  /** The same in the records outside this repository. */
  greedy_tokens?: string[];
  unchanged?: string;
  encoded?: number[];
}

interface Cases {
  vocab?: string[];
  cases: Case[];
}

const fixtures = 'test/fixtures/lm';
const shared = '../shared/learners';
/** As good as greedy: the likeliest token is drawn. */
const GREEDY = { temperature: 1e-4, seed: 1 } as const;

function languageModels(): [name: string, folder: string][] {
  const own = readdirSync(fixtures).map((name) => [name, join(fixtures, name)] as [string, string]);
  const others = existsSync(shared)
    ? readdirSync(shared)
        .map((name) => [name, join(shared, name)] as [string, string])
        .filter(([, folder]) => existsSync(join(folder, 'cases.json')))
        .filter(([, folder]) => readCases(folder).kind === 'lm')
    : [];
  return [...own, ...others];
}

function readCases(folder: string): Cases & { kind: string } {
  return JSON.parse(readFileSync(join(folder, 'cases.json'), 'utf8')) as Cases & { kind: string };
}

function bytesOf(folder: string): Uint8Array {
  const packed = join(folder, 'export.pkl.gz');
  return existsSync(packed)
    ? gunzipSync(readFileSync(packed))
    : readFileSync(join(folder, 'export.pkl'));
}

function expectClose(actual: ArrayLike<number>, wanted: readonly number[], limit: number): void {
  expect(actual.length).toBe(wanted.length);
  wanted.forEach((value, i) => expect(Math.abs(actual[i]! - value)).toBeLessThanOrEqual(limit));
}

/** Tokens as they are, for a comparison token by token. */
const asTokens = (tokens: string[]): string[] => tokens;

describe.each(languageModels())('%s', (_name, folder) => {
  const { cases, vocab } = readCases(folder);
  let learner: LMLearner;
  beforeAll(async () => {
    learner = await LMLearner.load(bytesOf(folder));
  });
  afterAll(() => learner.release());

  it('has the vocabulary of fastai', () => {
    expect(learner.kind).toBe('lm');
    expect(learner.className).toBe('fastai.text.learner.LMLearner');
    if (vocab) expect(learner.vocab).toEqual(vocab);
  });

  it('has the ids of fastai', async () => {
    for (const { input, ids } of cases) {
      const hidden = ['xxbos', 'xxpad'];
      const wanted = ids.map((id) => learner.vocab[id]!).filter((token) => !hidden.includes(token));
      const all: string[] = [];
      await learner.predict(input, 0, {
        decoder: (tokens) => {
          all.push(...tokens);
          return tokens;
        },
      });
      expect(all).toEqual(wanted);
    }
  });

  it("gives fastai's probabilities", async () => {
    const [all, targets] = await learner.getPreds(cases.map(({ input }) => input));
    const width = cases[0]!.next_probs.length;
    expect(targets).toBeNull();
    expect(all.dims).toEqual([cases.length, width]);
    cases.forEach(({ next_probs: wanted }, row) => {
      const data = all.data as Float32Array;
      expectClose(data.subarray(row * width, (row + 1) * width), wanted, 1e-5);
    });
  });

  it('draws the likeliest tokens if nothing else is likely', async () => {
    for (const { input, greedy, greedy_tokens: other, greedy_only_last: onlyLast } of cases) {
      const wanted = greedy ?? other!;
      const run = async (options: GenerateOptions): Promise<string[]> => {
        const added: string[][] = [];
        const decoder = (tokens: string[]): string[] => {
          added.push(tokens.slice(-wanted.length));
          return asTokens(tokens);
        };
        await learner.predict(input, wanted.length, { ...GREEDY, ...options, decoder });
        return added[0]!;
      };
      // Tokens that fastai does not show are not among those that the decoder gets.
      const shown = wanted.every((token) => token !== 'xxbos' && token !== 'xxpad');
      if (shown) expect(await run({})).toEqual(wanted);
      if (shown && onlyLast) expect(await run({ onlyLastWord: true })).toEqual(onlyLast);
    }
  });

  it('shows a text as fastai does', async () => {
    for (const { input, unchanged } of cases) {
      if (unchanged === undefined) continue;
      expect(await learner.predict(input, 0)).toBe(unchanged);
      expect(await learner.predict(input, -3)).toBe(unchanged);
    }
  });

  it('streams the words that predict adds', async () => {
    for (const { input } of cases.slice(0, 8)) {
      for (const seed of [1, 2, 3]) {
        const words: string[] = [];
        for await (const word of learner.predictStream(input, 12, { seed })) words.push(word);
        const before = await learner.predict(input, 0);
        const text = await learner.predict(input, 12, { seed });
        expect([...(before === '' ? [] : [before]), ...words].join(' ')).toBe(text);
      }
    }
  });

  it('has the encoder of fastai', async () => {
    for (const { input, encoded } of cases) {
      if (!encoded) continue;
      const vector = await learner.encode(input);
      expect(vector.dims).toEqual([encoded.length]);
      expectClose(vector.data as Float32Array, encoded, 1e-5);
    }
  });
});

describe('LMLearner', () => {
  const bytes = bytesOf(join(fixtures, 'untied'));
  let learner: LMLearner;
  beforeAll(async () => {
    learner = await LMLearner.load(bytes);
  });
  afterAll(() => learner.release());

  it('is the result of Learner.load for a language model', async () => {
    const other: unknown = await Learner.load(bytes);
    expect(other).toBeInstanceOf(LMLearner);
    await (other as LMLearner).release();
    await expect(
      LMLearner.load('test/fixtures/learners/base_tokenizer/export.pkl'),
    ).rejects.toThrow(WrongLearnerKindError);
  });

  it('runs an ONNX file instead of its model', async () => {
    const inputs = [{ name: 'ids', dtype: 'int64', dims: ['batch', 'length'] }] as const;
    const { graph } = lowerModel(learner.model, { inputs });
    const other = await LMLearner.load(bytes, { onnx: writeModel(graph).model });
    for (const onlyLastWord of [false, true]) {
      const options = { seed: 8, onlyLastWord };
      const text = await other.predict('The plot was', 15, options);
      expect(text).toBe(await learner.predict('The plot was', 15, options));
    }
    await expect(other.encode('it was')).rejects.toThrow(/without the option "onnx"/);
    await other.release();
  });

  it('repeats itself for a seed, and not without one', async () => {
    const options = { seed: 12, temperature: 2 };
    const text = await learner.predict('The plot was', 40, options);
    expect(await learner.predict('The plot was', 40, options)).toBe(text);
    expect(await learner.predict('The plot was', 40, { ...options, seed: 13 })).not.toBe(text);
    const free = await learner.predict('The plot was', 40, { temperature: 2 });
    expect(await learner.predict('The plot was', 40, { temperature: 2 })).not.toBe(free);
  });

  it('draws one word by default', async () => {
    const words = await lastValueFrom(learner.predictStream('it was').pipe(toArray()));
    expect(words.length).toBeLessThanOrEqual(1);
    expect(await learner.predict('it was')).toMatch(/^it was/);
  });

  it('gives the same text in parts, wherever they end, as at once', async () => {
    const options = { noUnk: true, temperature: 1.5, minP: 0.001, onlyLastWord: false, seed: 4 };
    const text = 'the film was great . '.repeat(80);
    let slice = await learner.slice({ text, nWords: 30, options }, 0);
    const { prompt, separator } = slice.begun!;
    const tokens = [...slice.tokens];
    let parts = 1;
    for (; slice.state; parts++) {
      slice = await learner.slice({ state: structuredClone(slice.state), options }, 0);
      expect(slice.begun).toBeUndefined();
      tokens.push(...slice.tokens);
    }
    expect(parts).toBeGreaterThan(30);
    const all: string[] = [];
    await learner.predict(text, 30, {
      ...options,
      decoder: (given) => {
        all.push(...given);
        return given;
      },
    });
    expect(separator).toBe(' ');
    expect(prompt[0]).toBe('xxbos');
    expect(
      [...prompt.slice(1), ...tokens].filter((token) => token !== 'xxbos' && token !== 'xxpad'),
    ).toEqual(all);
  });

  it('warns once if no token reaches minP, and continues', async () => {
    const warn = vi.spyOn(process, 'emitWarning').mockImplementation(() => undefined);
    try {
      const plain = await learner.predict('it was', 5, { seed: 3 });
      expect(await learner.predict('it was', 5, { seed: 3, minP: 2 })).toBe(plain);
      expect(warn).toHaveBeenCalledTimes(1);
      expect(warn.mock.calls[0]![0]).toMatch(/probability of 2 or more.*lower/);
    } finally {
      warn.mockRestore();
    }
  });

  it('takes a text of 5,000 tokens, and its pieces give the same as the whole', async () => {
    const long = Array.from({ length: 5000 }, (_, i) => learner.vocab[9 + (i % 12)]!).join(' ');
    const [whole] = await learner.getPreds([long]);
    const counts = new Map<string, number>();
    const best = [...(whole.data as Float32Array)].map((p, id) => (id === 0 ? 0 : p));
    await learner.predict(long, 1, {
      ...GREEDY,
      decoder: (tokens) => {
        counts.set(tokens.at(-1)!, tokens.length);
        return tokens;
      },
    });
    expect([...counts.keys()]).toEqual([learner.vocab[best.indexOf(Math.max(...best))]]);
  });

  it.each([
    [{ temperature: 0 }, /temperature is 0.*above 0/],
    [{ temperature: -1 }, /temperature is -1/],
    [{ temperature: Number.NaN }, /temperature is NaN/],
    [{ temperature: '1' as never }, /temperature is "1"/],
    [{ minP: Number.NaN }, /minP is NaN/],
    [{ seed: 1.5 }, /seed is 1.5/],
    [{ noUnk: 1 as never }, /noUnk is 1/],
    [{ onlyLastWord: 'yes' as never }, /onlyLastWord is "yes"/],
    [{ decoder: 'x' as never }, /decoder is "x"/],
    [{ topK: 5 } as never, /"topK" is not an option.*use noUnk, temperature, minP/],
  ] satisfies [GenerateOptions, RegExp][])('refuses %o', async (options, message) => {
    const refused = learner.predict('it was', 1, options);
    await expect(refused).rejects.toThrow(InvalidGenerateOptionError);
    await expect(refused).rejects.toThrow(message);
    expect(() => learner.predictStream('it was', 1, options as StreamOptions)).toThrow(InputError);
  });

  it.each([1.5, Number.NaN, Infinity, '3' as never, null as never])(
    'refuses %s words',
    async (nWords) => {
      await expect(learner.predict('it was', nWords)).rejects.toThrow(/nWords is .*whole number/);
    },
  );

  it('refuses items that are not texts', async () => {
    await expect(learner.predict(7 as never)).rejects.toThrow(UnexpectedItemError);
    await expect(learner.getPreds([])).rejects.toThrow(InputError);
    await expect(learner.predict([] as never)).rejects.toThrow(/no token/);
  });

  it('stops on request', async () => {
    const stop = new AbortController();
    const endless = learner.predict('it was', 1e9, { signal: stop.signal });
    setTimeout(() => stop.abort(new Error('enough')), 20);
    await expect(endless).rejects.toThrow('enough');
  });

  it('stops when nobody listens any longer', async () => {
    const words: string[] = [];
    for await (const word of learner.predictStream('it was', 1e9)) {
      words.push(word);
      if (words.length === 5) break;
    }
    expect(words).toHaveLength(5);
    const three = await lastValueFrom(
      learner.predictStream('it was', 1e9).pipe(take(3), toArray()),
    );
    expect(three).toHaveLength(3);
    const stop = new AbortController();
    const stream = learner.predictStream('it was', 1e9, { signal: stop.signal });
    const failed = lastValueFrom(stream);
    setTimeout(() => stop.abort(new Error('enough')), 20);
    await expect(failed).rejects.toThrow('enough');
  });

  it('refuses to continue after its release', async () => {
    const other = await LMLearner.load(bytes);
    await other.release();
    await expect(other.predict('it was')).rejects.toThrow(LearnerReleasedError);
    await expect(lastValueFrom(other.predictStream('it was'))).rejects.toThrow(
      LearnerReleasedError,
    );
    expect(() => other.tokenize('it was')).toThrow(LearnerReleasedError);
  });
});
