import type { Tensor } from 'onnxruntime-common';
import { sigmoid, softmax } from './axis.js';

/**
 * An activation as an ONNX operator; undefined axes are the classes of a mask, or the last axis.
 */
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

/** The computation of an activation; undefined for the user's own code. */
export function operatorOf(activation: object): ActivationOperator | undefined {
  return operators.get(activation);
}

/** `[batch, classes, height, width]`: a class for each pixel, whatever the target is. */
export const classesAxis = (rank: number): number => (rank === 4 ? 1 : -1);

export const unchanged: Activation = known((tensor) => tensor, { op: 'Identity' });

export const sigmoidOf: Activation = known((tensor) => sigmoid(tensor), { op: 'Sigmoid' });

/** @param axis Undefined for the axis of the classes. */
export function softmaxAlong(axis: number | undefined): Activation {
  return known((tensor) => softmax(tensor, axis ?? classesAxis(tensor.dims.length)), {
    op: 'Softmax',
    axis,
  });
}
