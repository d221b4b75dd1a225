import { InferenceMessageError } from '../../../client/protocol/errors.js';
import type { Parameters } from '../../../client/protocol/messages.js';
import { checkTtaOptions, type TtaOptions } from '../../../learner/fastai/tta.js';

/** The limit on the passes for an item of a client. */
const MOST_PASSES = 16;

/**
 * The options of fastai's test-time augmentation in a request's parameters; undefined if it does
 * not ask for it.
 *
 * @throws InferenceMessageError for too many passes, InvalidTtaOptionError
 */
export function ttaOf(
  parameters: Parameters = {},
  items: number,
  most: number,
): TtaOptions | undefined {
  const { tta, tta_beta: beta, tta_use_max: useMax, tta_seed: seed } = parameters;
  if (tta === undefined) return undefined;
  const { tta_separate: separate = false } = parameters;
  if (typeof separate !== 'boolean' || (separate && beta !== undefined)) {
    throw new InferenceMessageError(
      separate === true
        ? '"tta_separate" and "tta_beta" are given'
        : '"tta_separate" is not a boolean',
      'send "tta_separate": true for both tensors, or "tta_beta" for the blended one',
    );
  }
  // gRPC's whole numbers may be bigints. A value that is not a number is refused with the others.
  const whole = (value: unknown): number =>
    (typeof value === 'bigint' ? Number(value) : value) as number;
  const n = whole(tta);
  if (n > MOST_PASSES) {
    throw new InferenceMessageError(`"tta" is ${n}`, `ask for up to ${MOST_PASSES} passes`);
  }
  const options = checkTtaOptions({
    n,
    ...(beta !== undefined && { beta: whole(beta) }),
    ...(separate && { beta: null }),
    ...(useMax !== undefined && { useMax: useMax as boolean }),
    ...(seed !== undefined && { seed: whole(seed) }),
  });
  if (items * (n + 1) > most) {
    throw new InferenceMessageError(
      `${n} passes and the plain one of ${items} items are more than ${most} predictions`,
      'send fewer items (maxRows)',
    );
  }
  return options;
}

/** The reverse, with all options. */
export function ttaParameters(options: TtaOptions): Parameters {
  const { n, beta, useMax, seed } = checkTtaOptions(options);
  const blend: Parameters = beta === null ? { tta_separate: true } : { tta_beta: beta };
  return { tta: n, tta_use_max: useMax, tta_seed: seed, ...blend };
}

/** Whether they return the means of the augmented and the plain predictions as two tensors. */
export function isSeparate({ beta, useMax }: TtaOptions): boolean {
  return beta === null && useMax !== true;
}

/** The names of the two. */
export const SEPARATE = ['augmented', 'plain'] as const;
