import type * as BullMQ from 'bullmq';
import { JobChanges } from './job-changes.js';
import { JobsUnavailableError } from './errors.js';
import { JobStore } from './job-store.js';
import type { ResolvedJobsOptions } from './jobs-options.js';
import { JobsRedis } from './redis.js';
import { loadBullMQ } from '../../serving/queue/load.js';
import { atMost } from '../http/closing-server.js';
import { InvalidModuleOptionError } from '../http/errors.js';

/** The queue options that were passed to `BullModule.forRoot` of `@nestjs/bullmq`. */
export type SharedBullConfig = Partial<BullMQ.QueueOptions>;

const OWN_PREFIX = '{vts}';
const BULL_PREFIX = 'bull';
/** How long a count of waiting jobs may be used. */
const COUNTED_MS = 500;
const CLOSE_MS = 2000;

/** The queue of an application's jobs: ids in BullMQ, and records in separate keys. */
export class JobQueue {
  readonly store: JobStore;
  readonly changes: JobChanges;
  #counted = -Infinity;
  #waiting = 0;
  #added = 0;

  private constructor(
    readonly bullmq: typeof BullMQ,
    private readonly redis: JobsRedis,
    readonly queue: BullMQ.Queue,
    readonly prefix: string,
  ) {
    this.store = new JobStore(redis, prefix, queue.name);
    this.changes = new JobChanges(redis, this.store.channel);
    // Connection errors are reported where they matter.
    queue.on('error', () => undefined);
  }

  /** @throws InvalidModuleOptionError, QueueConnectionError */
  static async open(options: ResolvedJobsOptions, shared?: SharedBullConfig): Promise<JobQueue> {
    const connection = options.connection ?? (shared?.connection as typeof options.connection);
    if (connection === undefined) {
      throw new InvalidModuleOptionError(
        'jobs.connection',
        'is not given, and the application has no BullModule.forRoot',
        'give redis://localhost:6379, which "docker run -p 6379:6379 redis" or "apt install redis-server" starts',
      );
    }
    const bullmq = loadBullMQ();
    const redis = await JobsRedis.open(bullmq, connection);
    const prefix = options.prefix ?? (shared ? (shared.prefix ?? BULL_PREFIX) : OWN_PREFIX);
    if (redis.client.isCluster === true && !/\{[^}]+\}/.test(prefix)) {
      redis.close();
      const fact = `is "${prefix}", which spreads the keys of a job over the nodes of the cluster`;
      throw new InvalidModuleOptionError('jobs.prefix', fact, `write it in braces: '{${prefix}}'`);
    }
    const queue = new bullmq.Queue(options.queue, {
      ...shared,
      connection: redis.client as unknown as BullMQ.ConnectionOptions,
      prefix,
    });
    return new JobQueue(bullmq, redis, queue, prefix);
  }

  get ready(): boolean {
    return this.redis.ready;
  }

  /** Other queues, which this one closes. */
  get connection(): BullMQ.ConnectionOptions {
    return this.redis.client as unknown as BullMQ.ConnectionOptions;
  }

  get workerConnection(): BullMQ.ConnectionOptions {
    return this.redis.patient as BullMQ.ConnectionOptions;
  }

  /**
   * Puts an id into the queue, unless it is already in it.
   *
   * @throws JobsUnavailableError
   */
  async add(name: string, id: string, keepMs: number): Promise<void> {
    const kept = { age: Math.ceil(keepMs / 1000), count: 10_000 };
    try {
      await this.queue.add(
        name,
        {},
        { jobId: id, removeOnComplete: kept, removeOnFail: kept, attempts: 1 },
      );
      this.#added++;
    } catch (error) {
      throw new JobsUnavailableError({ cause: error });
    }
  }

  async has(id: string): Promise<boolean> {
    try {
      return (await this.queue.getJob(id)) !== undefined;
    } catch (error) {
      throw new JobsUnavailableError({ cause: error });
    }
  }

  /** Removes a waiting id; an id that a worker has stays. */
  async remove(id: string): Promise<void> {
    await this.queue.remove(id).catch(() => undefined);
  }

  /** The number of waiting jobs: the last count plus the jobs added since. */
  async waiting(): Promise<number> {
    if (!this.ready) throw new JobsUnavailableError();
    const now = performance.now();
    if (now - this.#counted > COUNTED_MS) {
      this.#counted = now;
      this.#added = 0;
      try {
        this.#waiting = await this.queue.getJobCountByTypes('waiting', 'delayed', 'prioritized');
      } catch (error) {
        this.#counted = -Infinity;
        throw new JobsUnavailableError({ cause: error });
      }
    }
    return this.#waiting + this.#added;
  }

  async close(): Promise<void> {
    this.changes.close();
    await atMost(
      this.queue.close().catch(() => undefined),
      CLOSE_MS,
    );
    this.redis.close();
  }
}
