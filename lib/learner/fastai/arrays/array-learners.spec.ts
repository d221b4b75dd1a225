import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { brotliDecompressSync } from 'node:zlib';
import { Tensor } from 'onnxruntime-common';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { InputError } from '../../errors/index.js';
import { lowerModel, writeModel } from '../../onnx/index.js';
import { loadLowerings } from '../../onnx/lowering/registry.js';
import { loadParser } from '../../python/source/syntax/parser.js';
import { ArrayItemError, NotExplainableError } from '../errors.js';
import { openLearnerFile } from '../learner-file.js';
import { Learner } from '../learner.js';

const folder = new URL('../../../../test/fixtures/arrays/learners/', import.meta.url);
const shared = new URL('../../../../../shared/learners/p_tsai_inception/', import.meta.url);
const names = readdirSync(folder);

type Nested = readonly (number | Nested)[];

interface Case {
  readonly input: Nested;
  readonly decoded: unknown;
  readonly pred: number | Nested;
  readonly probs: Nested;
}

const fileOf = (name: string): Buffer =>
  brotliDecompressSync(readFileSync(new URL(`${name}/export.pkl.br`, folder)));
const casesIn = (at: URL): Case[] =>
  (JSON.parse(readFileSync(new URL('cases.json', at), 'utf8')) as { cases: Case[] }).cases;
const casesOf = (name: string): Case[] => casesIn(new URL(`${name}/`, folder));

const flat = (value: unknown): number[] =>
  Array.isArray(value) ? value.flatMap(flat) : [Number(value)];
const shapeOf = (value: unknown): number[] =>
  Array.isArray(value) ? [value.length, ...shapeOf(value[0])] : [];

function expectClose(found: ArrayLike<number | bigint>, wanted: unknown): void {
  const numbers = flat(wanted);
  expect(found).toHaveLength(numbers.length);
  numbers.forEach((number, at) =>
    expect(Math.abs(Number(found[at]) - number)).toBeLessThanOrEqual(
      1e-4 * Math.max(1, Math.abs(number)),
    ),
  );
}

await loadParser();

async function check(learner: Learner, cases: readonly Case[]): Promise<void> {
  for (const { input, decoded, pred, probs } of cases) {
    const [label, target, scores] = await learner.predict(input);
    if (typeof decoded === 'string') expect(label).toBe(decoded);
    else {
      expect(shapeOf(label)).toEqual(shapeOf(decoded));
      expectClose(flat(label), decoded);
    }
    expectClose(target.data as Float32Array, pred);
    expect(scores.dims).toEqual(shapeOf(probs));
    expectClose(scores.data as Float32Array, probs);
  }
}

describe.each(names)('Learner of arrays: %s', (name) => {
  const cases = casesOf(name);
  let learner: Learner;
  beforeAll(async () => {
    learner = await Learner.load(fileOf(name));
  });
  afterAll(() => learner.release());

  it('predicts what fastai predicts', () => check(learner, cases));

  it('gives each item of a list the same numbers as alone', async () => {
    const [all] = await learner.getPreds(cases.map(({ input }) => input));
    expect(all.dims).toEqual([cases.length, ...shapeOf(cases[0]!.probs)]);
    expectClose(
      all.data as Float32Array,
      cases.map(({ probs }) => probs),
    );
  });

  it('has no explanation', async () => {
    await expect(learner.explain(cases[0]!.input)).rejects.toThrow(NotExplainableError);
  });
});

describe('A learner of arrays', () => {
  let learner: Learner;
  const [{ input, probs }] = casesOf('conv') as [Case];
  beforeAll(async () => {
    learner = await Learner.load(fileOf('conv'));
  });
  afterAll(() => learner.release());

  it('describes its input and answer', () => {
    expect(learner.kind).toBe('array');
    expect(learner.vocab).toEqual(['a', 'b', 'c']);
    expect(learner.description).toEqual({
      kind: 'array',
      task: 'classify',
      classes: ['a', 'b', 'c'],
      shape: [2, null],
    });
  });

  it('takes an item in every form', async () => {
    const data = Float32Array.from(flat(input));
    const csv = (input as number[][]).map((row) => row.join(',')).join('\n');
    const forms = [
      new Tensor('float32', data, [2, 16]),
      { data, dims: [2, 16] },
      [data.subarray(0, 16), data.subarray(16)],
      csv,
      Buffer.from(csv),
      JSON.stringify(input),
    ];
    for (const form of forms) {
      const [, , scores] = await learner.predict(form);
      expectClose(scores.data as Float32Array, probs);
    }
  });

  it('has passes of training that are alike if nothing changes its items in training', async () => {
    const items = casesOf('conv').map((one) => one.input);
    const [plain] = await learner.getPreds(items);
    const [passes] = await learner.tta(items, { n: 2 });
    expect([passes.dims, passes.data]).toEqual([plain.dims, plain.data]);
    // Its Noise is for training only.
    const noisy = await Learner.load(fileOf('batch_code'));
    try {
      await expect(noisy.tta(items)).rejects.toThrow(/changes its items with "[\w.]*Noise"/);
    } finally {
      await noisy.release();
    }
  });

  it('shows an item as its model sees it', async () => {
    expect(await learner.show(input)).toEqual({
      values: flat(input).map(Math.fround),
      shape: [2, 16],
    });
  });

  it('predicts series of different lengths together', async () => {
    const short = (input as number[][]).map((row) => row.slice(0, 9));
    const [all] = await learner.getPreds([input, short, input]);
    const [, , alone] = await learner.predict(short);
    expect(all.dims).toEqual([3, 3]);
    expectClose((all.data as Float32Array).subarray(3, 6), Array.from(alone.data as Float32Array));
    expectClose((all.data as Float32Array).subarray(6), probs);
  });

  it.each<[string, unknown, RegExp]>([
    [
      'another number of variables',
      [[1, 2, 3]],
      /has the shape \[1, 3\], but the learner takes \[2, any\]/,
    ],
    ['a batch', [input], /without the batch dimension/],
    ['a path', 'series.npy', /contains the text "series.npy"/],
  ])('refuses %s', async (_name, item, message) => {
    await expect(learner.predict(item)).rejects.toThrow(ArrayItemError);
    await expect(learner.predict(item)).rejects.toThrow(message);
  });

  it('refuses a series that is too short for its model as an item error', async () => {
    await expect(learner.predict([[1], [2]])).rejects.toThrow(InputError);
  });

  it('runs an ONNX file instead of its model', async () => {
    const { model } = openLearnerFile(fileOf('conv'));
    await loadLowerings(model);
    const x = { name: 'x', dtype: 'float32', dims: ['batch', 2, 'length'] } as const;
    const { model: onnx } = writeModel(lowerModel(model, { inputs: [x] }).graph);
    const other = await Learner.load(fileOf('conv'), { onnx });
    await check(other, casesOf('conv'));
    expect(other.description.shape).toEqual([2, null]);
    await expect(other.predict([[1, 2, 3]])).rejects.toThrow(ArrayItemError);
    await other.release();
  });
});

describe('ids of an embedding', () => {
  it('must be within the vocabulary', async () => {
    const learner = await Learner.load(fileOf('ids'));
    const ids = [...(casesOf('ids')[0]!.input as number[])];
    await expect(learner.predict(ids.with(2, 20))).rejects.toThrow(/has the id 20/);
    await expect(learner.predict(ids.with(2, 1.5))).rejects.toThrow(InputError);
    await learner.release();
  });
});

describe.runIf(existsSync(shared))("tsai's InceptionTime", () => {
  it('predicts what tsai predicts', async () => {
    const learner = await Learner.load(readFileSync(new URL('export.pkl', shared)));
    expect(learner.description.shape).toEqual([1, null]);
    await check(learner, casesIn(shared));
    const [series] = casesIn(shared)[0]!.input as [number[]];
    // One line of numbers is a series of one variable.
    const [, , scores] = await learner.predict(series);
    expectClose(scores.data as Float32Array, casesIn(shared)[0]!.probs);
    await learner.release();
  });
});
