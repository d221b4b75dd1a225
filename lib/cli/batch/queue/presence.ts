import type { Queue } from 'bullmq';
import { isOfBullMQ } from '../../../serving/queue/connection.js';
import { list, record, text, whole, type Checked } from './check.js';
import { ID, MOST_BATCHES, workerKey, WORKERS } from './names.js';

const facts = record({
  id: text(16, ID),
  host: text(255),
  pid: whole(),
  version: text(100),
  concurrency: whole(10_000, 1),
  /** Batches that it works on. */
  batches: list(text(16, ID), MOST_BATCHES),
  /** Batches that it leaves to others, and why. */
  lacks: list(record({ batch: text(16, ID), reason: text(2000) }), MOST_BATCHES),
});

/** The facts that a worker reports about itself. */
export type WorkerFacts = Checked<typeof facts>;

/** A worker counts as present for this long after its last report. */
const EXPIRES_MS = 10_000;
export const HEARTBEAT_MS = 3000;
const MOST_WORKERS = 10_000;

export async function announce(queue: Queue, worker: WorkerFacts): Promise<void> {
  const client = await clientOf(queue);
  await client.hset(WORKERS, { [worker.id]: JSON.stringify(worker) });
  // ioredis, the client of BullMQ 5, takes commands as words.
  const expiry = isOfBullMQ(client) ? [{ PX: EXPIRES_MS }] : ['PX', EXPIRES_MS];
  await client.set(workerKey(worker.id), worker.pid, ...(expiry as [{ PX: number }]));
}

export async function takeLeave(queue: Queue, id: string): Promise<void> {
  const client = await clientOf(queue);
  await client.del(workerKey(id));
  await client.hdel(WORKERS, id);
}

/** The present workers. It removes those that were killed. */
export async function workersOf(queue: Queue): Promise<WorkerFacts[]> {
  const client = await clientOf(queue);
  const found = Object.entries(await client.hgetall(WORKERS)).slice(0, MOST_WORKERS);
  const there: WorkerFacts[] = [];
  for (const [id, json] of found) {
    const alive = ID.test(id) && (await client.get(workerKey(id))) !== null;
    const worker = alive ? readFacts(json) : undefined;
    if (worker) there.push(worker);
    else await client.hdel(WORKERS, id);
  }
  return there;
}

type Client = Awaited<Queue['backend']['client']>;

function clientOf(queue: Queue): Promise<Client> {
  const before6 = queue as unknown as { readonly client: Promise<Client> };
  return (queue.backend as Queue['backend'] | undefined)?.client ?? before6.client;
}

function readFacts(json: string): WorkerFacts | undefined {
  try {
    return facts(JSON.parse(json), 'worker');
  } catch {
    return undefined;
  }
}
