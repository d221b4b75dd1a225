import { Tensor } from 'onnxruntime-common';
import { expect, it } from 'vitest';
import { augmentedOf, isAugmentable } from './augmented.js';

const of = (...values: number[]): Tensor =>
  new Tensor('float32', Float32Array.from(values), [1, values.length]);
const classes = ['cat', 'dog', 'owl'];

it('decodes the likeliest class', () => {
  const answer = augmentedOf(of(0.25, 0.5, 0.25), { kind: 'vision', task: 'classify', classes });
  expect(answer).toEqual({
    prediction: 'dog',
    target: 1,
    probabilities: [0.25, 0.5, 0.25],
    classes,
  });
});

it('decodes the labels above the threshold, which itself is not above', () => {
  const description = { kind: 'vision', task: 'multilabel', classes, threshold: 0.5 } as const;
  expect(augmentedOf(of(0.75, 0.5, 0.25), description)).toMatchObject({
    prediction: ['cat'],
    target: [true, false, false],
  });
});

it('returns numbers unchanged', () => {
  const description = { kind: 'vision', task: 'regress' } as const;
  expect(augmentedOf(of(3.5), description)).toMatchObject({ prediction: 3.5 });
  expect(augmentedOf(of(3.5, 1), description)).toMatchObject({ prediction: [3.5, 1] });
});

it('is only for classification and regression of images', () => {
  expect(isAugmentable({ kind: 'vision', task: 'regress' })).toBe(true);
  expect(isAugmentable({ kind: 'vision', task: 'segment' })).toBe(false);
  expect(isAugmentable({ kind: 'text', task: 'classify' })).toBe(false);
});
