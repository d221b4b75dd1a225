import { isOfBullMQ, queueRefusal, reconnectMs } from '../../serving/queue/connection.js';
import { redisAddress } from '../../serving/queue/redis-address.js';
import type { RedisInstance, RedisOptions, VtsJobsOptions } from './jobs-options.js';

/** The part of an ioredis client that is used; BullMQ creates the client. */
export interface RedisClient {
  readonly status: string;
  readonly isCluster?: boolean;
  duplicate(...options: unknown[]): RedisClient;
  defineCommand(name: string, script: { numberOfKeys: number; lua: string }): void;
  on(event: string, listener: (...args: never[]) => void): unknown;
  off(event: string, listener: (...args: never[]) => void): unknown;
  subscribe(channel: string): Promise<unknown>;
  quit(): Promise<unknown>;
  disconnect(): void;
}

/** The part of BullMQ that is used: published types must not need its package. */
interface Connections {
  readonly RedisConnection: new (
    options: never,
    extra: { readonly shared: boolean; readonly blocking: boolean },
  ) => {
    readonly client: Promise<unknown>;
    on(event: 'error', listener: (error: Error) => void): unknown;
    close(force: boolean): Promise<void>;
  };
}

const START_MS = 3000;

/** The connections to Redis of one application's jobs. */
export class JobsRedis {
  private constructor(
    /** Fails at once while Redis is down, and reconnects by itself. */
    readonly client: RedisClient,
    private readonly given: Exclude<VtsJobsOptions['connection'], undefined | string>,
  ) {}

  /** @throws QueueConnectionError if Redis does not answer. */
  static async open(
    { RedisConnection }: Connections,
    connection: NonNullable<VtsJobsOptions['connection']>,
  ): Promise<JobsRedis> {
    const given =
      typeof connection === 'string'
        ? ({ ...redisAddress(connection).target } as RedisOptions)
        : connection;
    const failFast = {
      enableOfflineQueue: false,
      maxRetriesPerRequest: 1,
      retryStrategy: reconnectMs,
    };
    const from = isInstance(given)
      ? duplicateOf(given as RedisClient, failFast)
      : { ...given, ...failFast };
    let last: Error | undefined;
    let late: NodeJS.Timeout | undefined;
    const opened = new RedisConnection(from as never, {
      shared: false,
      blocking: false,
    });
    opened.on('error', (error: Error) => (last = error));
    const patience = new Promise<never>((_, reject) => {
      late = setTimeout(() => reject(new Error('it did not answer')), START_MS);
    });
    try {
      const client = (await Promise.race([opened.client, patience])) as RedisClient;
      return new JobsRedis(client, given);
    } catch (error) {
      await opened.close(true).catch(() => undefined);
      throw queueRefusal(addressOf(given), last ?? (error as Error));
    } finally {
      clearTimeout(late);
    }
  }

  get ready(): boolean {
    const { status, isCluster } = this.client;
    return status === 'ready' || (isCluster === true && status === 'connect');
  }

  /** For a worker, which waits while Redis is down. */
  get patient(): object {
    const options = {
      enableOfflineQueue: true,
      maxRetriesPerRequest: null,
      retryStrategy: reconnectMs,
    };
    if (!isInstance(this.given)) return { ...this.given, ...options };
    return duplicateOf(this.client, { ...options, lazyConnect: true });
  }

  /** A separate connection that subscribes, and subscribes again when Redis is back. */
  listener(): RedisClient {
    const made = duplicateOf(this.client, { enableOfflineQueue: true, maxRetriesPerRequest: null });
    // It reconnects; the other connections report everything else.
    made.on('error', () => undefined);
    return made;
  }

  close(): void {
    this.client.disconnect();
  }
}

function isInstance(given: RedisInstance | RedisOptions): given is RedisInstance {
  return typeof given['duplicate' as never] === 'function';
}

function duplicateOf(client: RedisClient, options: object): RedisClient {
  const { isCluster } = client as { isCluster?: boolean };
  // BullMQ's client accepts node options for clusters too; ioredis' own client does not.
  return isCluster === true && !isOfBullMQ(client)
    ? client.duplicate(undefined, { redisOptions: options })
    : client.duplicate(options);
}

/** The address without secrets. */
function addressOf(given: RedisInstance | RedisOptions): string {
  const { options = given } = given as { options?: RedisOptions };
  const { path, host = '127.0.0.1', port = 6379 } = options as RedisOptions;
  return path === undefined ? `redis://${host}:${port}` : `unix://${path}`;
}
