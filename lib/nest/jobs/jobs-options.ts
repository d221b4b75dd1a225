import { availableParallelism } from 'node:os';
import {
  aFunction,
  count,
  flag,
  flagOr,
  group,
  milliseconds,
  text,
  type OptionCheck,
} from '../../serving/options.js';
import { refuseOption } from '../http/errors.js';
import {
  resolveWebhook,
  webhookCheck,
  type VtsJobWebhookOptions,
  type WebhookOptions,
} from './webhook/webhook-options.js';
import { keptFor, SHARED_CHECKS, type VtsJobOptions } from './job-options.js';

/**
 * Options for a connection to Redis or Valkey, as in ioredis.
 *
 * @publicApi
 */
export interface RedisOptions {
  /** @default '127.0.0.1' */
  host?: string;
  /** @default 6379 */
  port?: number;
  /** The path of a Unix socket, instead of host and port. */
  path?: string;
  username?: string;
  password?: string;
  /** @default 0 */
  db?: number;
  /** TLS options; `{}` for Node's defaults. */
  tls?: object;
  [option: string]: unknown;
}

/** An ioredis client, `Redis` or `Cluster`. Its options are used for new connections. @publicApi */
export interface RedisInstance {
  readonly status: string;
  duplicate(...options: never[]): unknown;
}

/** The facts about a job that `jobs.authorize` gets. @publicApi */
export interface JobFacts {
  readonly id: string;
  /** The name of the endpoint in the queue: `<Controller>.<method>`. */
  readonly name: string;
  /**
   * The caller that `authorize` returned at submission; undefined before, or if it returned none.
   */
  readonly caller: string | undefined;
}

/**
 * Decides who may see and cancel a job.
 *
 * If it returns a string, that is the name of the caller: the job belongs to the caller that
 * submitted it, other callers get 404, and `Idempotency-Key` values are separate for each caller.
 * If it returns a boolean, that allows or denies a request about a job. It does not apply to
 * submissions: use guards for those.
 *
 * @param request The framework's request, as in `@Req()`.
 * @publicApi
 */
export type AuthorizeJob = (
  request: never,
  job: JobFacts,
) => boolean | string | Promise<boolean | string>;

/**
 * Jobs over HTTP: `jobs` of `VtsModule.forRoot`.
 *
 * @publicApi
 */
export interface VtsJobsOptions extends Omit<VtsJobOptions, 'name'> {
  /**
   * Redis 6.2 or Valkey: a URL (`redis://`, `rediss://`, `unix://`), ioredis options, or an ioredis
   * client.
   *
   * @default the connection of `BullModule.forRoot` from `@nestjs/bullmq`, if the application has
   * it
   */
  connection?: string | RedisOptions | RedisInstance;
  /**
   * The prefix of all keys in Redis. A cluster needs the braces.
   *
   * @default that of `BullModule.forRoot`, else `'{vts}'`
   */
  prefix?: string;
  /** The name of the queue in dashboards: letters, digits and `_ . -`. @default 'vts-jobs' */
  queue?: string;
  /**
   * Whether this process runs jobs. With false, it only accepts and reads them, and other processes
   * of the application run them.
   *
   * @default true
   */
  process?: boolean;
  /** The number of jobs that this process runs at a time. @default the number of cores */
  concurrency?: number;
  /** Decides who may see a job. @default anyone who knows its id, which cannot be guessed */
  authorize?: AuthorizeJob;
  /**
   * The time limit of a run in milliseconds; 0 for no limit. Beyond it, the job fails with 504. The
   * `timeoutMs` of endpoints and runners does not apply to jobs.
   *
   * @default 3600000 (1 hour)
   */
  timeoutMs?: number;
  /**
   * The maximum number of runs, if a worker is lost or the model cannot be reached. A job that
   * fails for another reason does not run again. If its runner is overloaded, a job waits, and this
   * does not count as a run.
   *
   * @default 3
   */
  attempts?: number;
  /** How long a finished job and its result are kept, in milliseconds. @default 3600000 (1 hour) */
  keepFor?: number;
  /**
   * How long a job may wait in the queue before it is deleted, in milliseconds.
   *
   * @default 604800000 (7 days)
   */
  waitFor?: number;
  /** The maximum number of waiting jobs; further ones are refused with 503. @default 100000 */
  maxWaiting?: number;
  /** The largest request in bytes; above it, HTTP 413. @default 4194304 (4 MiB) */
  maxInputBytes?: number;
  /** The largest result in bytes. @default 33554432 (32 MiB) */
  maxResultBytes?: number;
  /**
   * The time without a sign of life after which a worker counts as lost, in milliseconds.
   *
   * @default 30000
   */
  lostAfterMs?: number;
  /** The receivers of messages about finished jobs. @default none */
  webhook?: VtsJobWebhookOptions;
}

/** The options with all defaults, except for the connection. */
export interface ResolvedJobsOptions {
  readonly connection: VtsJobsOptions['connection'];
  readonly prefix: string | undefined;
  readonly queue: string;
  readonly process: boolean;
  readonly concurrency: number;
  readonly authorize: AuthorizeJob | undefined;
  readonly timeoutMs: number;
  readonly attempts: number;
  readonly keepFor: number;
  readonly waitFor: number;
  readonly maxWaiting: number;
  readonly maxInputBytes: number;
  readonly maxResultBytes: number;
  readonly lostAfterMs: number;
  readonly webhook: WebhookOptions | undefined;
}

const connection: OptionCheck = (value, option, refuse) => {
  if (value === undefined || (typeof value === 'object' && value !== null)) return;
  const address = typeof value === 'string' && /^(rediss?|unix):\/\/./.test(value);
  // An address may contain a password.
  if (!address)
    refuse(option, 'is not a URL', 'use redis://host:6379, options, or an ioredis client');
};

const name = text('use 1 to 100 letters, digits and _ . -', /^[\w.-]{1,100}$/);
const prefix = text('use 1 to 100 characters without spaces', /^[\x21-\x7e]{1,100}$/);

/** Checks the module's options; valid options can be resolved. */
export const jobsCheck: OptionCheck = flagOr(
  group<VtsJobsOptions>(
    {
      connection,
      prefix,
      queue: name,
      process: flag,
      concurrency: count,
      authorize: aFunction('give a function of the request and the job'),
      ...SHARED_CHECKS,
      waitFor: keptFor,
      maxWaiting: count,
      lostAfterMs: milliseconds(1000),
      webhook: webhookCheck,
    },
    'use true, false or options',
  ),
);

/** The options, or undefined if jobs are off. @throws InvalidModuleOptionError */
export function resolveJobs(
  given: boolean | VtsJobsOptions = false,
): ResolvedJobsOptions | undefined {
  jobsCheck(given, 'jobs', refuseOption);
  if (given === false) return undefined;
  const options = given === true ? {} : given;
  return {
    connection: options.connection,
    prefix: options.prefix,
    queue: options.queue ?? 'vts-jobs',
    process: options.process ?? true,
    concurrency: options.concurrency ?? availableParallelism(),
    authorize: options.authorize,
    timeoutMs: options.timeoutMs ?? 3_600_000,
    attempts: options.attempts ?? 3,
    keepFor: options.keepFor ?? 3_600_000,
    waitFor: options.waitFor ?? 7 * 86_400_000,
    maxWaiting: options.maxWaiting ?? 100_000,
    maxInputBytes: options.maxInputBytes ?? 4 * 1024 * 1024,
    maxResultBytes: options.maxResultBytes ?? 32 * 1024 * 1024,
    lostAfterMs: options.lostAfterMs ?? 30_000,
    webhook: options.webhook && resolveWebhook(options.webhook),
  };
}
