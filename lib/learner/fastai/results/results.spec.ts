import { readFileSync } from 'node:fs';
import { Tensor } from 'onnxruntime-common';
import { describe, expect, it } from 'vitest';
import type { LearnerOptions, Results } from '../contract.js';
import { NotAugmentableError, NotExplainableError, UnsupportedLearnerError } from '../errors.js';
import { Learner } from '../learner.js';
import { namedLoss } from '../losses/loss.js';
import { joinResults, reordered, resultsOf } from './results.js';
import { ResultSteps } from './steps.js';

const folder = 'test/fixtures/results';

interface Numbers {
  readonly dims: readonly number[];
  readonly data: readonly number[];
}

interface Told {
  readonly inputs: readonly unknown[];
  readonly decoded: readonly unknown[];
  readonly preds: readonly Numbers[];
  readonly targets: readonly Numbers[];
}

const toldOf = (name: string): Told =>
  JSON.parse(readFileSync(`${folder}/${name}/cases.json`, 'utf8')) as Told;

const load = (name: string, options?: LearnerOptions) =>
  Learner.load<unknown, unknown, readonly Tensor[]>(`${folder}/${name}/export.pkl`, options);

/** The numbers of tensors, rounded as far as the single precision of both sides agrees. */
function plain(value: unknown): unknown {
  if (typeof value === 'number') return expect.closeTo(value, 5) as unknown;
  if (Array.isArray(value)) return value.map(plain);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, plain(item)]));
}

function told(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(told);
  if (!(value instanceof Tensor)) return value;
  return { dims: [...value.dims], data: Array.from(value.data as ArrayLike<number>, Number) };
}

const TASKS = {
  faces: [
    { name: 'age', task: 'regress' },
    { name: 'gender', task: 'classify', classes: ['female', 'male'] },
    { name: 'traits', task: 'multilabel', classes: ['beard', 'glasses', 'hat'] },
  ],
  scene: [
    { name: 'mask_of', task: 'segment', classes: ['road', 'tree', 'sky'] },
    { name: 'gender', task: 'classify', classes: ['female', 'male'] },
  ],
  patients: [
    { name: 'stay', task: 'regress' },
    { name: 'risk', task: 'regress' },
  ],
} as const;

describe.each(Object.keys(TASKS) as (keyof typeof TASKS)[])('The learner %s', (name) => {
  const options: LearnerOptions = name === 'scene' ? { activation: ['softmax', 'softmax'] } : {};
  const { inputs, decoded, preds, targets } = toldOf(name);

  it('predicts as fastai does, with an entry for each result', async () => {
    const learner = await load(name, options);
    expect(learner.description).toMatchObject({ task: 'several', results: TASKS[name] });
    for (const [at, input] of inputs.entries()) {
      const [shown, target, probs] = await learner.predict(input);
      expect(told(shown)).toEqual(plain(decoded[at]));
      const rowOf = ({ dims: [rows, ...dims], data }: Numbers): unknown => {
        const size = data.length / rows!;
        return { dims, data: plain(data.slice(at * size, (at + 1) * size)) };
      };
      expect(told(target)).toEqual(targets.map(rowOf));
      expect(told(probs)).toEqual(preds.map(rowOf));
    }
    await learner.release();
  });

  it('returns a tensor for each result of a list', async () => {
    const learner = await load(name, options);
    const given = await learner.getPreds(inputs, { withDecoded: true });
    expect(told(given)).toEqual([plain(preds), null, plain(targets)]);
    await learner.release();
  });

  it('refuses tta() and explain(), which have no single answer', async () => {
    const learner = await load(name, options);
    await expect(learner.tta(inputs)).rejects.toThrow(NotAugmentableError);
    await expect(learner.explain(inputs[0])).rejects.toThrow(NotExplainableError);
    await learner.release();
  });
});

describe('Activations that the user names', () => {
  it('are one for each result', async () => {
    await expect(load('scene', { activation: ['softmax'] })).rejects.toThrow(
      "names 1 results, but the learner's model returns 2",
    );
    await expect(load('scene', { activation: 'softmax' })).rejects.toThrow(
      "takes one tensor, so fastai's get_preds fails as well",
    );
  });

  it('tell the task and the threshold of a result', async () => {
    const learner = await load('faces', { activation: ['none', 'softmax', 'sigmoid'] });
    expect(learner.description.results?.[2]).toMatchObject({ task: 'multilabel', threshold: 0.5 });
    expect(learner.vocab).toEqual([
      ['female', 'male'],
      ['beard', 'glasses', 'hat'],
    ]);
    await learner.release();
  });

  it('replace a loss without them: its raw outputs pass, and predict() cannot name a class', async () => {
    const learner = await load('scene', { activation: 'none' });
    const [raw] = await learner.getPreds(toldOf('scene').inputs);
    expect(raw.map(({ dims }) => dims)).toEqual([
      [2, 3, 8, 8],
      [2, 2],
    ]);
    await learner.release();
  });
});

describe('What a loss makes of several results', () => {
  const nothing = namedLoss('none', { loss: undefined, dls: { targets: [] } as never });
  const pair = { kind: 'tuple', items: ['tensor', 'tensor'] } as const;
  const tensor = (...data: number[]): Tensor => new Tensor('float32', data, [data.length, 1]);
  const results: Results = [tensor(1, 2), tensor(3, 4)];

  it('is the same without an activation', async () => {
    const steps = new ResultSteps(nothing, 'a function');
    expect(await steps.apply('activation', { results, form: pair })).toEqual({
      results,
      form: pair,
    });
  });

  it.each([
    [{ kind: 'dict', keys: ['a'], items: ['tensor'] }, 'returns a dict'],
    [{ kind: 'tuple', items: ['tensor', pair] }, 'is itself a list'],
    [{ kind: 'list', items: [] }, 'an empty list'],
  ] as const)('is refused for other forms: %j', (form, message) => {
    const check = (): void => new ResultSteps(nothing, 'a function').check(form);
    expect(check).toThrow(UnsupportedLearnerError);
    expect(check).toThrow(message);
  });
});

describe('Parts of several results', () => {
  const rows = (type: 'float32' | 'int64', ...data: number[]): Tensor =>
    type === 'int64'
      ? new Tensor(type, BigInt64Array.from(data, BigInt), [data.length])
      : new Tensor(type, Float32Array.from(data), [data.length]);

  it('join in the order of the items, whatever their types are', () => {
    const parts = [
      [rows('float32', 1, 2), rows('int64', 10, 20)],
      [rows('float32', 3), rows('int64', 30)],
    ];
    const joined = joinResults(parts, (tensors) => reordered(tensors, [2, 0, 1]));
    expect(told(joined)).toEqual([
      { dims: [3], data: [2, 3, 1] },
      { dims: [3], data: [20, 30, 10] },
    ]);
  });

  it('have a row for each item, and the same sizes', () => {
    const form = { kind: 'tuple', items: ['tensor', 'tensor'] } as const;
    const outputs = { a: rows('float32', 1, 2), b: rows('float32', 1) };
    expect(() => resultsOf(outputs, ['a', 'b'], form, 2)).toThrow('Result 1');
    const wide = new Tensor('float32', Float32Array.of(1, 2), [1, 2]);
    expect(() => joinResults([[rows('float32', 1)], [wide]], ([first]) => first!)).toThrow(
      'other sizes',
    );
  });
});
