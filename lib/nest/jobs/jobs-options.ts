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
 * Options of a connection to Redis or Valkey, as ioredis takes them.
 *
 * @publicApi
 */
export interface RedisOptions {
  /** @default '127.0.0.1' */
  host?: string;
  /** @default 6379 */
  port?: number;
  /** Of a Unix socket, in place of host and port. */
  path?: string;
  username?: string;
  password?: string;
  /** @default 0 */
  db?: number;
  /** Options of TLS; `{}` for those of Node. */
  tls?: object;
  [option: string]: unknown;
}

/** A client of ioredis, `Redis` or `Cluster`: its options are used, for connections of their own. @publicApi */
export interface RedisInstance {
  readonly status: string;
  duplicate(...options: never[]): unknown;
}

/** The facts about a job that `jobs.authorize` gets. @publicApi */
export interface JobFacts {
  readonly id: string;
  /** Of the endpoint, as in the queue: `<Controller>.<method>`. */
  readonly name: string;
  /** What `authorize` named at the submission; undefined before that, and where it named nobody. */
  readonly caller: string | undefined;
}

/**
 * Decides who may see and cancel a job.
 *
 * Where it returns a text, that names who sends the request: the job is that caller's from the
 * submission on, others get 404, and keys of `Idempotency-Key` are each caller's own. Where it
 * returns a boolean, that decides about a request for the job, and says nothing about a submission:
 * who may submit is for guards.
 *
 * @param request The request of the framework, as `@Req()` gives it.
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
   * Redis 6.2 or Valkey: an address (`redis://`, `rediss://`, `unix://`), options of ioredis, or a
   * client of it.
   *
   * @default the connection of `BullModule.forRoot` of `@nestjs/bullmq`, where the application has it
   */
  connection?: string | RedisOptions | RedisInstance;
  /**
   * Before all keys in Redis. A cluster needs the braces.
   *
   * @default that of `BullModule.forRoot`, else `'{vts}'`
   */
  prefix?: string;
  /** Name of the queue, as dashboards show it. Letters, digits and `_ . -`. @default 'vts-jobs' */
  queue?: string;
  /**
   * Run jobs in this process. With false it takes and reads them, and others run them: the same
   * application with true.
   *
   * @default true
   */
  process?: boolean;
  /** Jobs that this process runs at a time. @default the number of cores */
  concurrency?: number;
  /** Who may see a job. @default whoever knows its id, which cannot be guessed */
  authorize?: AuthorizeJob;
  /**
   * Milliseconds that a run may take, 0 for no limit; then the job fails with 504. `timeoutMs` of
   * endpoint and runner are for requests, and do not hold for jobs.
   *
   * @default 3600000 (1 hour)
   */
  timeoutMs?: number;
  /**
   * All runs of a job together, if its worker is lost or its model cannot be reached. A job that
   * failed for another reason does not run again; one that a full queue of its runner refuses waits,
   * and that does not count.
   *
   * @default 3
   */
  attempts?: number;
  /** Milliseconds for which a finished job and its result are kept. @default 3600000 (1 hour) */
  keepFor?: number;
  /** Milliseconds after which a job that nobody has run is forgotten. @default 604800000 (7 days) */
  waitFor?: number;
  /** Jobs that may wait; more are refused with 503. @default 100000 */
  maxWaiting?: number;
  /** Bytes that a request may have: HTTP 413. @default 4194304 (4 MiB) */
  maxInputBytes?: number;
  /** Bytes that a result may have. @default 33554432 (32 MiB) */
  maxResultBytes?: number;
  /** Milliseconds of silence after which a worker counts as lost. @default 30000 */
  lostAfterMs?: number;
  /** Who is told that a job has ended. @default nobody */
  webhook?: VtsJobWebhookOptions;
}

/** The options with nothing left open but where Redis is. */
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
  // An address may have a password in it.
  if (!address)
    refuse(option, 'is not an address', 'use redis://host:6379, options, or a client of ioredis');
};

const name = text('use 1 to 100 letters, digits and _ . -', /^[\w.-]{1,100}$/);
const prefix = text('use 1 to 100 characters without spaces', /^[\x21-\x7e]{1,100}$/);

/** Of the module's options; what it allows can be resolved. */
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

/** The options; undefined where there are no jobs. @throws InvalidModuleOptionError */
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
