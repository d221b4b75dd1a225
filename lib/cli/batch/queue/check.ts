import { shortened, VtsError } from '../../../learner/errors/index.js';

/** Data on a queue does not have the form that this package writes. */
export class QueuePayloadError extends VtsError {
  constructor(path: string, must: string) {
    super(`The payload on the queue is not valid: ${shortened(path)} must be ${must}. Remove it.`);
  }
}

/** Reads a value in a certain form, or throws. It builds new objects from the known keys. */
export type Check<T> = (value: unknown, path: string) => T;
export type Checked<C> = C extends Check<infer T> ? T : never;

function check<T>(must: string, test: (value: unknown) => value is T): Check<T> {
  return (value, path) => {
    if (test(value)) return value;
    throw new QueuePayloadError(path, must);
  };
}

export const whole = (most = Number.MAX_SAFE_INTEGER, least = 0): Check<number> =>
  check(
    `a whole number from ${least} to ${most}`,
    (value): value is number =>
      Number.isSafeInteger(value) && (value as number) >= least && (value as number) <= most,
  );

export const finite: Check<number> = check('a number', (value): value is number =>
  Number.isFinite(value),
);

export const flag: Check<boolean> = check(
  'true or false',
  (value): value is boolean => typeof value === 'boolean',
);

export const text = (most: number, pattern?: RegExp): Check<string> =>
  check(
    `a text of at most ${most} characters${pattern ? ' of the right form' : ''}`,
    (value): value is string =>
      typeof value === 'string' && value.length <= most && (pattern?.test(value) ?? true),
  );

export const oneOf = <const T extends string | number>(...values: readonly T[]): Check<T> =>
  check(values.join(' or '), (value): value is T => values.includes(value as T));

export function optional<T>(of: Check<T>): Check<T | undefined> {
  return (value, path) => (value === undefined || value === null ? undefined : of(value, path));
}

export function list<T>(of: Check<T>, most: number, least = 0): Check<T[]> {
  return (value, path) => {
    if (!Array.isArray(value) || value.length > most || value.length < least) {
      throw new QueuePayloadError(path, `a list of ${least} to ${most}`);
    }
    return value.map((each, at) => of(each, `${path}[${at}]`));
  };
}

export function pair<A, B>(first: Check<A>, second: Check<B>): Check<readonly [A, B]> {
  return (value, path) => {
    if (!Array.isArray(value) || value.length !== 2) throw new QueuePayloadError(path, 'a pair');
    return [first(value[0], `${path}[0]`), second(value[1], `${path}[1]`)];
  };
}

type Shape = Readonly<Record<string, Check<unknown>>>;
type Read<S extends Shape> = { readonly [K in keyof S]: Checked<S[K]> };

/** An object with exactly these keys. */
export function record<S extends Shape>(shape: S): Check<Read<S>> {
  return (value, path) => {
    if (typeof value !== 'object' || value === null || Array.isArray(value)) {
      throw new QueuePayloadError(path, 'an object');
    }
    const other = Object.keys(value).find((key) => !Object.hasOwn(shape, key));
    if (other !== undefined) {
      throw new QueuePayloadError(path, `an object without the key "${shortened(other, 40)}"`);
    }
    return Object.fromEntries(
      Object.entries(shape).map(([key, of]) => {
        const own = Object.hasOwn(value, key) ? (value as Record<string, unknown>)[key] : undefined;
        return [key, of(own, `${path}.${key}`)];
      }),
    ) as Read<S>;
  };
}
