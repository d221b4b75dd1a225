import type { Tensor } from 'onnxruntime-common';
import type { LearnerDescription } from '../../learner/fastai/contract.js';
import { nested, type Scored } from './scored.js';

/** Tasks whose predictions can be averaged. Masks and points would have to be transformed back. */
const AVERAGED: ReadonlySet<string> = new Set(['classify', 'multilabel', 'regress']);

/** Whether a learner supports predictions with test-time augmentation. */
export function isAugmentable({ kind, task }: Pick<LearnerDescription, 'kind' | 'task'>): boolean {
  return kind === 'vision' && AVERAGED.has(task);
}

/** The answer to one item of `tta`: the likeliest class, those above the threshold, or numbers. */
export function augmentedOf(
  predictions: Tensor,
  { task, classes, threshold }: LearnerDescription,
): Scored {
  const values = [...(predictions.data as Float32Array)];
  const [probabilities] = nested(predictions) as unknown[];
  if (task === 'regress' || classes?.length !== values.length) {
    const prediction = values.length === 1 ? values[0] : values;
    return { prediction, target: prediction, probabilities };
  }
  if (threshold !== undefined) {
    const target = values.map((value) => value > threshold);
    return { prediction: classes.filter((_, i) => target[i]), target, probabilities, classes };
  }
  const target = values.indexOf(Math.max(...values));
  return { prediction: classes[target], target, probabilities, classes };
}
