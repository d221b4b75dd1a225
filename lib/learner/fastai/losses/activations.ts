import type { Tensor } from 'onnxruntime-common';
import { sigmoid, softmax } from './axis.js';

/** An activation as an operator of ONNX; undefined axes are those of a mask's classes, or the last. */
export type ActivationOperator =
  | { readonly op: 'Identity' }
  | { readonly op: 'Sigmoid' }
  | { readonly op: 'Softmax'; readonly axis: number | undefined };

type Activation = (tensor: Tensor) => Tensor;

const operators = new WeakMap<object, ActivationOperator>();

function known(activation: Activation, operator: ActivationOperator): Activation {
  operators.set(activation, operator);
  return activation;
}

/** What an activation computes; undefined where it is code of the user's own. */
export function operatorOf(activation: object): ActivationOperator | undefined {
  return operators.get(activation);
}

/** `[batch, classes, height, width]`: a class for each pixel, whatever the target is made with. */
export const classesAxis = (rank: number): number => (rank === 4 ? 1 : -1);

export const unchanged: Activation = known((tensor) => tensor, { op: 'Identity' });

export const sigmoidOf: Activation = known((tensor) => sigmoid(tensor), { op: 'Sigmoid' });

/** @param axis Undefined: that of the classes. */
export function softmaxAlong(axis: number | undefined): Activation {
  return known((tensor) => softmax(tensor, axis ?? classesAxis(tensor.dims.length)), {
    op: 'Softmax',
    axis,
  });
}
