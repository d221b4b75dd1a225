import { randomBytes } from 'node:crypto';
import { FIELDS } from './job-scripts.js';
import { InvalidJobRecordError } from './errors.js';

/** The state of a job. @publicApi */
export type JobState = 'queued' | 'running' | 'succeeded' | 'failed' | 'cancelled';

/** A job as in its record in Redis, without input and result. */
export interface JobRecord {
  readonly id: string;
  readonly name: string;
  readonly state: JobState;
  /** Milliseconds since 1970. */
  readonly created: number;
  readonly started: number | undefined;
  readonly finished: number | undefined;
  readonly expires: number | undefined;
  /** 0 to 1; undefined if it was not reported. */
  readonly progress: number | undefined;
  /** The number of stream values so far. */
  readonly pieces: number | undefined;
  readonly attempts: number;
  readonly caller: string | undefined;
  /** The body of the error response, if the job failed. */
  readonly error: JobFailure | undefined;
  /** The receiver of its webhook: a URL, or `default` for the module's; undefined for none. */
  readonly webhook: string | undefined;
}

/** In the shape of all errors, plus other fields of the application's exception. */
export interface JobFailure {
  readonly statusCode: number;
  readonly message: string;
  readonly error: string;
}

export const ENDED: readonly JobState[] = ['succeeded', 'failed', 'cancelled'];

const STATES: readonly string[] = ['queued', 'running', ...ENDED];
/** 192 random bits, which nobody can guess. */
const ID_BYTES = 24;
const ID = /^[\w-]{32}$/;

export function newId(): string {
  return randomBytes(ID_BYTES).toString('base64url');
}

export function isId(text: unknown): text is string {
  return typeof text === 'string' && ID.test(text);
}

/**
 * Reads a record. Anybody with access to Redis can write there, so only data that this module could
 * have written is accepted.
 *
 * @throws InvalidJobRecordError
 */
export function readRecord(id: string, values: readonly (string | undefined)[]): JobRecord {
  const fields = new Map(FIELDS.map((name, at) => [name, values[at]]));
  const text = (name: (typeof FIELDS)[number], most: number): string | undefined => {
    const value = fields.get(name);
    if (value !== undefined && value.length > most)
      throw new InvalidJobRecordError(`its ${name} is too long`);
    return value;
  };
  const number = (name: (typeof FIELDS)[number], most: number): number | undefined => {
    const value = text(name, 30);
    if (value === undefined) return undefined;
    const read = Number(value);
    if (value !== '' && read >= 0 && read <= most) return read;
    throw new InvalidJobRecordError(`its ${name} is not a number from 0 to ${most}`);
  };
  const time = (name: (typeof FIELDS)[number]): number | undefined => number(name, LATEST_MS);
  const state = fields.get('state') ?? '';
  if (!STATES.includes(state)) throw new InvalidJobRecordError('its state is unknown');
  const error = text('error', MOST_ERROR);
  return {
    id,
    name: text('name', 200) ?? '',
    state: state as JobState,
    created: time('created') ?? 0,
    started: time('started'),
    finished: time('finished'),
    expires: time('expires'),
    progress: number('progress', 1),
    pieces: number('pieces', Number.MAX_SAFE_INTEGER),
    attempts: number('attempts', Number.MAX_SAFE_INTEGER) ?? 0,
    caller: text('caller', 1000),
    error: error === undefined ? undefined : readFailure(error),
    webhook: text('webhook', 4096),
  };
}

/** The last time that `Date` supports. */
const LATEST_MS = 8.64e15;
const MOST_ERROR = 20_000;

/** A failure as it is stored, cut to a readable length. */
export function writeFailure(failure: object): string {
  const whole = JSON.stringify(failure);
  if (whole.length <= MOST_ERROR) return whole;
  const { statusCode, message, error } = failure as JobFailure;
  return JSON.stringify({
    statusCode,
    message: message.slice(0, 2000),
    error: error.slice(0, 200),
  });
}

function readFailure(json: string): JobFailure {
  let read: unknown;
  try {
    read = JSON.parse(json);
  } catch {
    throw new InvalidJobRecordError('its error is not valid JSON');
  }
  const { statusCode, message, error } = (read ?? {}) as Partial<Record<keyof JobFailure, unknown>>;
  const isStatus = Number.isInteger(statusCode) && (statusCode as number) >= 400;
  if (
    !isStatus ||
    (statusCode as number) > 599 ||
    typeof message !== 'string' ||
    typeof error !== 'string'
  ) {
    throw new InvalidJobRecordError('its error does not have the form of an endpoint error');
  }
  return read as JobFailure;
}
