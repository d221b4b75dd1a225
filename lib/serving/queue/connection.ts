import type { RedisConnection } from 'bullmq';
import { QueueConnectionError, QueueVersionError } from './errors.js';
import { loadBullMQ } from './load.js';
import { redisAddress, type RedisTarget } from './redis-address.js';

/** The `connection` option of BullMQ's queues and workers. */
export interface QueueConnectionOptions extends RedisTarget {
  /** Commands wait for a server that restarts. */
  readonly maxRetriesPerRequest: null;
  readonly skipVersionCheck: true;
  readonly retryStrategy: (times: number) => number;
}

/** The facts about a usable Redis server. */
export interface QueueConnection {
  readonly options: QueueConnectionOptions;
  /** The address for messages, without user and password. */
  readonly shown: string;
  /** The version that the server reports. */
  readonly version: string;
  /** Settings that may lose jobs, one sentence each. */
  readonly warnings: readonly string[];
}

const MINIMUM = '6.2.0';
const CONNECT_MS = 5000;
const MOST_WAIT_MS = 2000;

/** Milliseconds until the next attempt to connect, by the number of attempts. */
export function reconnectMs(times: number): number {
  return Math.min(100 * times, MOST_WAIT_MS);
}

/** Whether a client is BullMQ 6's wrapper of an ioredis client; BullMQ 5 uses ioredis itself. */
export function isOfBullMQ(client: object): boolean {
  return 'runCommand' in client;
}

/**
 * Connects to a Redis server once, to check that it answers and which version it has.
 *
 * @param url `redis://[user:password@]host[:port][/database]`, `rediss://…`, or `unix:///path`.
 * @throws QueueUrlError, QueueConnectionError, QueueVersionError
 */
export async function openQueueConnection(url: string): Promise<QueueConnection> {
  const { target, shown } = redisAddress(url);
  const { version, minimum, warnings } = factsOf(await infoOf(target, shown), shown);
  if (isBelow(version, minimum)) throw new QueueVersionError(shown, version, minimum);
  const options: QueueConnectionOptions = {
    ...target,
    maxRetriesPerRequest: null,
    // The version is already checked; BullMQ would write to the console.
    skipVersionCheck: true,
    retryStrategy: reconnectMs,
  };
  return { options, shown, version, warnings };
}

async function infoOf(target: RedisTarget, shown: string): Promise<string> {
  const { RedisConnection: Connection } = loadBullMQ();
  let connection: RedisConnection | undefined;
  let first: Error | undefined;
  try {
    connection = new Connection(
      {
        ...target,
        connectTimeout: CONNECT_MS,
        maxRetriesPerRequest: 0,
        // One attempt, so that a wrong address is reported at once.
        retryStrategy: () => null,
      },
      { blocking: false, skipVersionCheck: true },
    );
    connection.on('error', (error: Error) => (first ??= error));
    const client = await connection.client;
    const info = String(await client.info());
    // A missing database is only reported by an event: the client continues with the first one.
    if (first) throw first;
    return info;
  } catch (error) {
    throw queueRefusal(shown, first ?? (error as Error));
  } finally {
    await connection?.close(true).catch(() => undefined);
  }
}

export function queueRefusal(shown: string, error: Error): QueueConnectionError {
  const { code, message, cause } = error as NodeJS.ErrnoException;
  const text = [message, cause instanceof Error ? cause.message : ''].join(' ');
  if (/NOAUTH|WRONGPASS|NOPERM|invalid (?:username|password)/i.test(text)) {
    return new QueueConnectionError(
      shown,
      'it asks for another user or password',
      'Give them as redis://USER:PASSWORD@HOST.',
      { cause: error },
    );
  }
  if (/DB index is out of range|invalid DB index/i.test(text)) {
    return new QueueConnectionError(
      shown,
      'it has no database with this number',
      'Give another number at the end of the address, or none.',
      { cause: error },
    );
  }
  const reason = code ?? (message.replace(/\.$/, '') || error.name);
  return new QueueConnectionError(shown, reason, undefined, { cause: error });
}

interface Facts {
  readonly version: string;
  readonly minimum: string;
  readonly warnings: readonly string[];
}

/** A field of the command INFO. Valkey reports the version of Redis that it is compatible with. */
function factsOf(info: string, shown: string): Facts {
  const facts = new Map<string, string>();
  for (const line of info.slice(0, 65_536).split(/\r?\n/)) {
    const at = line.indexOf(':');
    if (at > 0) facts.set(line.slice(0, at), line.slice(at + 1));
  }
  const warnings: string[] = [];
  const policy = facts.get('maxmemory_policy') ?? 'noeviction';
  if (policy !== 'noeviction') {
    warnings.push(
      `The Redis server at ${shown} has maxmemory-policy ${policy}, which may remove jobs. Set it to noeviction.`,
    );
  }
  if (facts.get('aof_enabled') === '0') {
    warnings.push(
      `The Redis server at ${shown} does not have an append-only file, so a restart may lose jobs. Start it with --appendonly yes.`,
    );
  }
  return { version: facts.get('redis_version') ?? MINIMUM, minimum: MINIMUM, warnings };
}

function isBelow(version: string, minimum: string): boolean {
  const [a, b] = [version, minimum].map((text) => text.split('.').map(Number)) as [
    number[],
    number[],
  ];
  const at = b.findIndex((part, i) => (a[i] ?? 0) !== part);
  return at >= 0 && (a[at] ?? 0) < b[at]!;
}
