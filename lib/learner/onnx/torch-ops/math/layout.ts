import type { Value as GraphValue } from '../../graph.js';
import { every } from './axes.js';
import type { TorchEnv } from '../env.js';
import { SymSize, valueOf, type Size } from '../size.js';
import type { TensorValue } from '../tensor-value.js';

const END = Number.MAX_SAFE_INTEGER;

export function transposed(
  { graph }: TorchEnv,
  value: GraphValue,
  perm: readonly number[],
): GraphValue {
  return perm.every((axis, i) => axis === i) ? value : graph.op('Transpose', [value], { perm });
}

/** Swaps two dimensions. */
export function swapped(env: TorchEnv, value: GraphValue, a: number, b: number): GraphValue {
  const perm = every(value.rank ?? 0);
  perm[a] = b;
  perm[b] = a;
  return transposed(env, value, perm);
}

/** Inserts dimensions of size 1 at these positions of the result. */
export function unsqueezed(
  { graph }: TorchEnv,
  value: GraphValue,
  ...axes: readonly number[]
): GraphValue {
  return axes.length === 0 ? value : graph.op('Unsqueeze', [value, graph.axes(...axes)]);
}

export function squeezed(
  { graph }: TorchEnv,
  value: GraphValue,
  ...axes: readonly number[]
): GraphValue {
  return axes.length === 0 ? value : graph.op('Squeeze', [value, graph.axes(...axes)]);
}

/** Every `step`-th position of a dimension from `start` on, before `end`, backwards if negative. */
export function sliced(
  { graph }: TorchEnv,
  value: GraphValue,
  axis: number,
  start: number,
  end = END,
  step = 1,
): GraphValue {
  const bounds = [start, end, axis, step].map((bound) => graph.axes(bound));
  return graph.op('Slice', [value, ...bounds]);
}

/** `length` positions of a dimension, from `start` on. */
export function part(
  env: TorchEnv,
  tensor: TensorValue,
  axis: number,
  start: Size,
  length: Size,
): GraphValue {
  const { graph } = env;
  const bounds = [start, SymSize.add(start, length), axis, 1].map((bound) => env.shape([bound]));
  const sizes = env.sizes(tensor).with(axis, length);
  return env.withSizes(graph.op('Slice', [tensor.value, ...bounds]), sizes);
}

/** Reverses the order of positions along the dimensions. */
export function flipped(
  { graph }: TorchEnv,
  value: GraphValue,
  axes: readonly number[],
): GraphValue {
  if (axes.length === 0) return value;
  const of = (bound: number): GraphValue => graph.axes(...axes.map(() => bound));
  const result = graph.op('Slice', [value, of(-1), of(-END), graph.axes(...axes), of(-1)]);
  return value.shape ? graph.assume(result, value.shape) : result;
}

/** One position of a dimension, which is removed. */
export function selected(
  { graph }: TorchEnv,
  value: GraphValue,
  axis: number,
  index: number,
): GraphValue {
  return graph.op('Gather', [value, graph.scalar(index, 'int64')], { axis });
}

/** A size that must be known. @throws SizeNeededError */
export const knownSize = (env: TorchEnv, size: Size): number =>
  Number(env.ctx.index(valueOf(size)));

/** 0, 1, ... `count` - 1. */
export function range(env: TorchEnv, count: Size): GraphValue {
  const { graph } = env;
  if (typeof count === 'number' && count <= 4096) {
    return graph.constant(every(count), 'int64');
  }
  const bounds = [graph.scalar(0, 'int64'), env.sizeScalar(count), graph.scalar(1, 'int64')];
  return env.withSizes(graph.op('Range', bounds), [count]);
}
