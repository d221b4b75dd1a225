import { LimitExceededError } from './errors.js';

/**
 * Limits on what a file may demand of the reader. The defaults are far above any real model; a
 * hostile file causes an error and does not exhaust the machine.
 *
 * @publicApi
 */
export interface ReadLimits {
  /** The most entries of a zip archive. Default 100 000. */
  maxEntries: number;
  /** The most bytes of the pickle, after inflating. Default 1 GiB. */
  maxPickleBytes: number;
  /** The most bytes to which all deflated entries together may inflate. Default 4 GiB. */
  maxInflatedBytes: number;
  /**
   * How many times its compressed size an entry may inflate to. Default 1000; zlib reaches 1032 at
   * most.
   */
  maxInflateRatio: number;
  /** The most opcodes of the pickle. Default 200 million. */
  maxOperations: number;
  /** The most values on the machine's stack at once. Default 20 million. */
  maxStack: number;
  /** The most values in the machine's memo. Default 20 million. */
  maxMemo: number;
  /**
   * The most items and bytes that rebuilding may copy (sets from lists, decoded bytes). Default 1
   * Gi.
   */
  maxRebuilt: number;
}

export const DEFAULT_LIMITS: Readonly<ReadLimits> = {
  maxEntries: 100_000,
  maxPickleBytes: 2 ** 30,
  maxInflatedBytes: 2 ** 32,
  maxInflateRatio: 1000,
  maxOperations: 200_000_000,
  maxStack: 20_000_000,
  maxMemo: 20_000_000,
  maxRebuilt: 2 ** 30,
};

export function checkLimit(
  file: string,
  limits: Readonly<ReadLimits>,
  name: keyof ReadLimits,
  value: number,
  what: string,
): void {
  if (value > limits[name]) throw new LimitExceededError(file, what, name, limits[name]);
}
