import type { Args } from '../table.js';
import type { TorchEnv } from '../env.js';

/**
 * A dimension counted from the front. In torch a tensor of rank 0 accepts the dimensions 0 and -1.
 */
export function axisOf(env: TorchEnv, axis: number, rank: number): number {
  const range = Math.max(rank, 1);
  if (axis < -range || axis >= range) {
    throw env.ctx.raise(
      'IndexError',
      `Dimension out of range (expected to be in range of [${-range}, ${range - 1}], but got ${axis})`,
    );
  }
  return axis < 0 ? axis + range : axis;
}

/** The dimension that an argument names. */
export function axisArg(
  env: TorchEnv,
  args: Args,
  name: string,
  rank: number,
  absent?: number,
): number {
  return axisOf(env, args.int(name, absent), rank);
}

/** The dimensions that an argument names; all of them if it is omitted, None or empty. */
export function axesArg(env: TorchEnv, args: Args, name: string, rank: number): number[] {
  const given = args.ints(name);
  if (!given || given.length === 0) return every(rank);
  const axes = given.map((axis) => axisOf(env, axis, rank));
  if (new Set(axes).size !== axes.length) {
    throw env.ctx.raise('RuntimeError', 'a dim appears multiple times in the list of dims');
  }
  return rank === 0 ? [] : axes;
}

export const every = (rank: number): number[] => Array.from({ length: rank }, (_, axis) => axis);
