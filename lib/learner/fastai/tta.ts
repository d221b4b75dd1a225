import { Tensor } from 'onnxruntime-common';
import { InvalidTtaOptionError } from './errors.js';

/** Options of `learner.tta`. @publicApi */
export interface TtaOptions {
  /** Passes with the transforms of training, from 1 to 1000. @default 4 */
  n?: number;
  /**
   * The weight of the plain predictions in the answer; null returns the augmented and the plain
   * predictions separately. @default 0.25
   */
  beta?: number | null;
  /** Takes the maximum of all passes, element by element, instead of the mean. @default false */
  useMax?: boolean;
  /** The seed of the random transforms: the same seed gives the same answer. @default 0 */
  seed?: number;
}

/**
 * `[predictions, null]`; with `beta: null` and without `useMax` `[[augmented, plain], null]`.
 *
 * @publicApi
 */
export type TtaPredictions =
  [predictions: Tensor, targets: null] | [[augmented: Tensor, plain: Tensor], targets: null];

/** The limit on the passes of a call. */
const MOST_PASSES = 1000;

/** @throws InvalidTtaOptionError */
export function checkTtaOptions({ n = 4, beta = 0.25, useMax = false, seed = 0 }: TtaOptions) {
  if (!Number.isInteger(n) || n < 1 || n > MOST_PASSES) {
    throw new InvalidTtaOptionError('n', `a whole number from 1 to ${MOST_PASSES}`);
  }
  if (beta !== null && !(typeof beta === 'number' && Number.isFinite(beta))) {
    throw new InvalidTtaOptionError('beta', 'a number, usually between 0 and 1, or null');
  }
  if (typeof useMax !== 'boolean') throw new InvalidTtaOptionError('useMax', 'true or false');
  if (!Number.isSafeInteger(seed)) throw new InvalidTtaOptionError('seed', 'a safe integer');
  return { n, beta, useMax, seed };
}

/** The mean of all passes, or their element-wise maximum, in torch's single precision. */
export function combined(passes: readonly Tensor[], useMax: boolean): Tensor {
  const [first, ...others] = passes;
  const data = Float32Array.from(first!.data as Float32Array);
  for (const { data: other } of others) {
    for (let i = 0; i < data.length; i++) {
      const value = (other as Float32Array)[i]!;
      // NaN is the maximum, as in torch.max.
      if (!useMax) data[i] = data[i]! + value;
      else if (value > data[i]! || Number.isNaN(value)) data[i] = value;
    }
  }
  if (!useMax) for (let i = 0; i < data.length; i++) data[i] = data[i]! / passes.length;
  return new Tensor('float32', data, first!.dims);
}

/** `torch.lerp`. */
export function between(start: Tensor, end: Tensor, weight: number): Tensor {
  const f = Math.fround;
  const from = start.data as Float32Array;
  const w = f(weight);
  const data = (end.data as Float32Array).map((to, i) => {
    const way = f(to - from[i]!);
    return Math.abs(w) < 0.5 ? from[i]! + f(w * way) : to - f(way * f(1 - w));
  });
  return new Tensor('float32', data, start.dims);
}
