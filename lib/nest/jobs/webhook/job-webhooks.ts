import {
  Inject,
  Injectable,
  Logger,
  type BeforeApplicationShutdown,
  type OnApplicationBootstrap,
} from '@nestjs/common';
import type { Job, Queue, Worker } from 'bullmq';
import { atMost } from '../../http/closing-server.js';
import { VTS_JOBS, VTS_LOG_CONTEXT } from '../../vts.constants.js';
import { InvalidJobRecordError } from '../errors.js';
import { JobQueue } from '../job-queue.js';
import type { JobRecord } from '../job-record.js';
import { resourceOf } from '../job-resource.js';
import type { ResolvedJobsOptions } from '../jobs-options.js';
import { deliver, retryDelay, type PendingWebhook } from './deliver.js';
import { webhookMessage } from './webhook-message.js';
import { httpUrl, type WebhookOptions } from './webhook-options.js';

/** The value in a record that means the receiver in the module's options. */
export const DEFAULT_WEBHOOK = 'default';

const LOOK_EVERY_MS = 500;
const CLOSE_MS = 2000;
const DELIVERIES_AT_A_TIME = 16;
/** How long a delivered message is remembered, so that it is not queued again. */
const KNOWN_SECONDS = 3600;
const MOST_MESSAGE_CHARACTERS = 1024 * 1024;

/**
 * Sends messages about finished jobs. The script that ends a job adds it to a list in the same
 * step. Any process that sees the list creates the message and puts it into a BullMQ queue, which
 * keeps it until the receiver has it. So a message may arrive twice with the same id, but it is not
 * lost.
 */
@Injectable()
export class JobWebhooks implements OnApplicationBootstrap, BeforeApplicationShutdown {
  readonly #logger = new Logger(VTS_LOG_CONTEXT);
  readonly #options: WebhookOptions | undefined;
  #queue: Queue | undefined;
  #worker: Worker | undefined;
  #timer: NodeJS.Timeout | undefined;
  #closed = false;

  constructor(
    @Inject(VTS_JOBS) private readonly options: ResolvedJobsOptions,
    @Inject(JobQueue) private readonly jobs: JobQueue,
  ) {
    this.#options = options.webhook;
  }

  onApplicationBootstrap(): void {
    const options = this.#options;
    if (options === undefined || !this.options.process) return;
    const { bullmq, queue, prefix, connection, workerConnection } = this.jobs;
    const name = `${queue.name}-webhooks`;
    this.#queue = new bullmq.Queue(name, { connection, prefix });
    this.#worker = new bullmq.Worker(name, (job) => this.#deliver(job, options), {
      connection: workerConnection,
      prefix,
      concurrency: DELIVERIES_AT_A_TIME,
      lockDuration: options.timeoutMs + 15_000,
      runRetryDelay: 1000,
      settings: {
        backoffStrategy: (attempts, _type, error) =>
          retryDelay(options.retryDelaysMs, attempts ?? 1, error),
      },
    });
    // The job queue reports connection errors.
    this.#queue.on('error', () => undefined);
    this.#worker.on('error', () => undefined);
    this.#worker.on('failed', (job, error) => {
      if (job === undefined || job.attemptsMade < (job.opts.attempts ?? 1)) return;
      this.#logger.warn(`The webhook of job ${job.id} is given up: ${error.message}`);
    });
    this.#look();
  }

  async beforeApplicationShutdown(): Promise<void> {
    this.#closed = true;
    clearTimeout(this.#timer);
    const closing = Promise.all([this.#worker?.close(), this.#queue?.close()]);
    await atMost(
      closing.catch(() => undefined),
      CLOSE_MS,
    );
    // Another process continues an interrupted delivery.
    await this.#worker?.disconnect().catch(() => undefined);
  }

  #look(): void {
    const again = (): void => {
      if (!this.#closed) this.#timer = setTimeout(() => this.#look(), LOOK_EVERY_MS).unref();
    };
    // While Redis is down, nothing is sent. The list is unchanged when Redis is back.
    this.#announceAll().then(again, again);
  }

  async #announceAll(): Promise<void> {
    const { store } = this.jobs;
    for (let ids = await store.untold(); ids.length > 0; ids = await store.untold()) {
      for (const id of ids) {
        if (this.#closed) return;
        await this.#announce(id);
        await store.told(id);
      }
    }
  }

  async #announce(id: string): Promise<void> {
    const pending = await this.#messageOf(id);
    if (pending === undefined) return;
    const delays = this.#options?.retryDelaysMs ?? [];
    await this.#queue?.add('webhook', pending, {
      jobId: id,
      attempts: delays.length + 1,
      backoff: { type: 'custom' },
      removeOnComplete: { age: KNOWN_SECONDS, count: 10_000 },
      removeOnFail: { age: 7 * 86_400, count: 1000 },
    });
  }

  async #messageOf(id: string): Promise<PendingWebhook | undefined> {
    try {
      const job = await this.jobs.store.read(id);
      const { url: own, includeResult } = this.#options as WebhookOptions;
      const url = job?.webhook === DEFAULT_WEBHOOK ? own : job?.webhook;
      if (job === undefined || url === undefined) return undefined;
      const result = includeResult ? await this.#resultOf(job) : undefined;
      const body = webhookMessage(resourceOf(job), new Date(job.finished ?? Date.now()), result);
      return { id, url, requested: job.webhook !== DEFAULT_WEBHOOK, body };
    } catch (error) {
      // An unreadable entry cannot be sent, and must not block the others.
      if (error instanceof InvalidJobRecordError) return undefined;
      throw error;
    }
  }

  async #resultOf({ id, state }: JobRecord) {
    if (state !== 'succeeded') return undefined;
    const { contentType, body } = await this.jobs.store.result(id, this.options.maxResultBytes);
    return { contentType, body: typeof body === 'string' ? Buffer.from(body) : body };
  }

  async #deliver({ id, data }: Job<unknown>, options: WebhookOptions): Promise<void> {
    const pending = readPending(data);
    if (pending === undefined || pending.id !== id) {
      throw new this.jobs.bullmq.UnrecoverableError('This is not a message of nestjs-vts.');
    }
    if (await deliver(pending, options)) return;
    const { origin } = new URL(pending.url);
    this.#logger.warn(`The receiver ${origin} refuses messages about job ${id}: it answered 410.`);
  }
}

/** The message in the queue; undefined if this module did not write it. */
function readPending(data: unknown): PendingWebhook | undefined {
  const { id, url, requested, body } = (data ?? {}) as Partial<
    Record<keyof PendingWebhook, unknown>
  >;
  if (typeof id !== 'string' || httpUrl(url) === undefined || typeof body !== 'string') {
    return undefined;
  }
  if (body.length > MOST_MESSAGE_CHARACTERS) return undefined;
  // Unless the message says that the operator named the URL, a client may have named it.
  return { id, url: url as string, requested: requested !== false, body };
}
