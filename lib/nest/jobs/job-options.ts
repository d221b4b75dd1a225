import {
  checkOptions,
  count,
  milliseconds,
  text,
  type OptionCheck,
} from '../../serving/options.js';
import { InvalidJobOptionError } from './errors.js';

/**
 * How the jobs of one endpoint run. The defaults come from `jobs` in `VtsModule.forRoot`.
 *
 * @publicApi
 */
export interface VtsJobOptions {
  /**
   * The name of the endpoint in the queue, the same in all processes that share it: letters, digits
   * and `_ . -`.
   *
   * @default `<Controller>.<method>`
   */
  name?: string;
  /** The time limit of a run in milliseconds; 0 for no limit. Beyond it, the job fails with 504. */
  timeoutMs?: number;
  /** The maximum number of runs, if a worker is lost or the model cannot be reached. */
  attempts?: number;
  /** How long a finished job and its result are kept, in milliseconds. */
  keepFor?: number;
  /**
   * The largest request in bytes; above it, HTTP 413. The limit of the input descriptor applies
   * too.
   */
  maxInputBytes?: number;
  /** The largest result in bytes. A job with a larger result fails. */
  maxResultBytes?: number;
}

/** The longest time to live and timer delay: ten years. */
const LONGEST_MS = 10 * 365 * 86_400_000;

export const keptFor: OptionCheck = (value, option, refuse) => {
  const fits =
    Number.isInteger(value) && (value as number) >= 1000 && (value as number) <= LONGEST_MS;
  if (value !== undefined && !fits) {
    refuse(option, `is ${String(value)}`, `use 1000 to ${LONGEST_MS} milliseconds`);
  }
};

/** The options that both the module and an endpoint have. */
export const SHARED_CHECKS = {
  timeoutMs: milliseconds(0),
  attempts: count,
  keepFor: keptFor,
  maxInputBytes: count,
  maxResultBytes: count,
};

/** @throws InvalidJobOptionError */
export function checkedJob(given: true | VtsJobOptions): VtsJobOptions {
  if (given === true) return {};
  const refuse = (option: string, fact: string, remedy: string): never => {
    throw new InvalidJobOptionError(option, fact, remedy);
  };
  if (typeof given !== 'object') refuse('job', 'is not an object', 'use true, false or options');
  const name = text('use 1 to 100 letters, digits and _ . -', /^[\w.-]{1,100}$/);
  checkOptions<VtsJobOptions>({ name, ...SHARED_CHECKS }, given, refuse, 'job.');
  return given;
}
