import type { Readable } from 'node:stream';
import { HttpException, Inject, Injectable, type OnModuleDestroy } from '@nestjs/common';
import { shortened } from '../../learner/errors/index.js';
import type { Endpoint } from '../http/endpoint.js';
import { pathOf } from '../http/platform.js';
import { PlatformHost } from '../http/platform-host.js';
import { RequestRecord } from '../http/request-record.js';
import { Requests, type ServedJobs } from '../http/requests.js';
import { BodyTooLargeError, UnsupportedBodyError } from '../io/errors.js';
import type { RequestBody } from '../io/request-body.js';
import { VTS_JOBS } from '../vts.constants.js';
import {
  IdempotencyKeyReusedError,
  JobCancelledError,
  JobFinishedError,
  JobLostError,
  JobNotFinishedError,
  JobNotFoundError,
  JobQueueFullError,
} from './errors.js';
import { errorResponse } from '../http/api-error.js';
import { bodyDigest, idempotencyKey, keyDigest } from './idempotency.js';
import { JobHandlers } from './job-handlers.js';
import { JobMetrics } from './job-metrics.js';
import { JobQueue } from './job-queue.js';
import { JobStreams } from './events/job-streams.js';
import { ENDED, isId, newId, writeFailure, type JobRecord } from './job-record.js';
import { resourceOf, type JobResource } from './job-resource.js';
import type { StoredResult } from './job-store.js';
import { DEFAULT_WEBHOOK } from './webhook/job-webhooks.js';
import { requestedUrl } from './webhook/requested-url.js';
import type { JobFacts, ResolvedJobsOptions } from './jobs-options.js';

/** Seconds after which a client may retry. */
const ASK_AGAIN = '1';
/** The age from which a job must be in the queue, or must have been removed from it. */
const SETTLED_MS = 5000;
const MOST_CALLER = 256;
const MOST_ACCEPT = 1000;
const MOST_TYPE = 1000;

/** The framework's request for a job route. */
export interface JobRequest {
  /** The endpoint of the job. */
  readonly endpoint: Endpoint;
  readonly given: object;
  readonly givenResponse: object;
}

/** The implementation of the job routes. */
@Injectable()
export class JobRoutes implements ServedJobs, OnModuleDestroy {
  readonly #streams: JobStreams;

  constructor(
    @Inject(VTS_JOBS) private readonly options: ResolvedJobsOptions,
    @Inject(JobQueue) private readonly jobs: JobQueue,
    @Inject(JobHandlers) private readonly handlers: JobHandlers,
    @Inject(JobMetrics) private readonly metrics: JobMetrics,
    @Inject(PlatformHost) private readonly platforms: PlatformHost,
    @Inject(Requests) requests: Requests,
  ) {
    requests.jobs = this;
    this.#streams = new JobStreams({
      read: async (id) => {
        const job = await jobs.store.read(id);
        return job && resourceOf(job);
      },
      watch: (id, listener) =>
        jobs.changes.watch(id, (state) => listener((ENDED as readonly string[]).includes(state))),
      hasEnded: ({ state }) => (ENDED as readonly string[]).includes(state),
    });
  }

  /** Their clients reconnect to another process. */
  onModuleDestroy(): void {
    this.#streams.close();
  }

  get obstacle(): string | undefined {
    return this.jobs.ready
      ? undefined
      : 'The service is not ready: the job queue cannot be reached.';
  }

  /** @throws BodyTooLargeError before a body is parsed. */
  checkSize(endpoint: Endpoint, { bytes }: RequestBody): void {
    const { maxInputBytes } = this.handlers.of(endpoint).limits;
    if (bytes !== undefined && bytes.length > maxInputBytes)
      throw new BodyTooLargeError(maxInputBytes);
  }

  /** Accepts a request with a valid input. */
  async submit(request: JobRequest, body: RequestBody): Promise<JobResource> {
    const { endpoint, given, givenResponse } = request;
    const { name, limits } = this.handlers.of(endpoint);
    const { headers } = this.#platform.requestOf(given);
    const header = idempotencyKey(headers['idempotency-key']);
    const id = newId();
    const { webhook } = this.options;
    const named = requestedUrl(headers['webhook-url'], webhook);
    const caller = await this.#callerOf(given, { id, name, caller: undefined });
    const { input, type } = keptInput(body);
    const key = header === undefined ? undefined : keyDigest(name, caller, header);
    const record = RequestRecord.of(this.#platform.requestOf(given));
    const { maxWaiting, waitFor } = this.options;
    if ((await this.jobs.waiting()) >= maxWaiting) throw new JobQueueFullError(maxWaiting);
    const submitted = await this.jobs.store.submit(
      {
        id,
        name,
        input,
        type,
        accept: (headers.accept?.length ?? 0) > MOST_ACCEPT ? undefined : headers.accept,
        caller,
        key,
        digest: key === undefined ? '' : bodyDigest(body.contentType, input),
        traceparent: record?.traceparent,
        requestId: record?.id,
        webhook: named ?? (webhook?.url === undefined ? undefined : DEFAULT_WEBHOOK),
      },
      waitFor + limits.keepFor,
    );
    if (!submitted.same) throw new IdempotencyKeyReusedError();
    if (submitted.created !== undefined) this.metrics.submitted(name);
    const job = await this.#queued(submitted.id, name, limits.keepFor, submitted.created, key);
    const path = pathOf(this.#platform.factsOf(given).url).replace(/\/+$/, '');
    this.#platform.setHeader(givenResponse, 'location', `${path}/${job.id}`);
    this.#tellWhen(givenResponse);
    return resourceOf(job);
  }

  /** @throws JobNotFoundError */
  async state(request: JobRequest, id: string): Promise<JobResource | Readable> {
    const { headers } = this.#platform.requestOf(request.given);
    if (/^text\/event-stream\b/i.test(headers.accept ?? '')) return this.watch(request, id);
    const job = await this.find(request, id);
    if (job.state === 'queued' || job.state === 'running') this.#tellWhen(request.givenResponse);
    return resourceOf(job);
  }

  /** A stream that follows the job. @throws JobNotFoundError, TooManyJobStreamsError */
  async watch(request: JobRequest, id: string): Promise<Readable> {
    const job = await this.find(request, id);
    const known = this.#platform.requestOf(request.given).headers['last-event-id'];
    const stream = this.#streams.open(resourceOf(job), known === undefined ? known : String(known));
    if (stream === undefined)
      throw new HttpException('The client already has the final state.', 204);
    this.#platform.setHeader(request.givenResponse, 'cache-control', 'no-cache');
    // For proxies that would buffer the whole response; nginx respects it.
    this.#platform.setHeader(request.givenResponse, 'x-accel-buffering', 'no');
    return stream;
  }

  /** The response of the endpoint. @throws Its error, if the job failed. */
  async result(request: JobRequest, id: string): Promise<StoredResult> {
    const { state, error } = await this.find(request, id);
    switch (state) {
      case 'succeeded':
        return this.jobs.store.result(id, this.handlers.of(request.endpoint).limits.maxResultBytes);
      case 'failed':
        throw new HttpException(error ?? 'The job has failed.', error?.statusCode ?? 500);
      case 'cancelled':
        throw new JobCancelledError();
      default:
        this.#tellWhen(request.givenResponse);
        throw new JobNotFinishedError(state);
    }
  }

  /** @throws JobNotFoundError, JobFinishedError */
  async cancel(request: JobRequest, id: string): Promise<JobResource> {
    await this.find(request, id);
    const before = await this.jobs.store.cancel(
      id,
      this.handlers.of(request.endpoint).limits.keepFor,
    );
    if (before === undefined) throw new JobNotFoundError();
    if (before === 'succeeded' || before === 'failed') throw new JobFinishedError(before);
    if (before === 'queued') await this.jobs.remove(id);
    if (before !== 'cancelled')
      this.metrics.ended(this.handlers.of(request.endpoint).name, 'cancelled');
    return resourceOf(await this.find(request, id));
  }

  /** A job that the request may see. @throws JobNotFoundError */
  async find({ endpoint, given }: JobRequest, id: string): Promise<JobRecord> {
    // An invalid id from a client never reaches Redis.
    if (!isId(id)) throw new JobNotFoundError();
    const { name, limits } = this.handlers.of(endpoint);
    const job = await this.jobs.store.read(id);
    if (job === undefined || job.name !== name) throw new JobNotFoundError();
    if (!(await this.#maySee(given, job))) throw new JobNotFoundError();
    const isOld = job.state === 'queued' && Date.now() - job.created > SETTLED_MS;
    if (!isOld || (await this.jobs.has(id))) return job;
    // Somebody has removed it from the queue.
    const failure = writeFailure(errorResponse(new JobLostError(job.attempts)).body);
    await this.jobs.store.fail(id, limits.keepFor, failure);
    return (await this.jobs.store.read(id)) ?? job;
  }

  get #platform() {
    return this.platforms.demand();
  }

  async #queued(
    id: string,
    name: string,
    keepFor: number,
    created: number | undefined,
    key: string | undefined,
  ): Promise<JobRecord> {
    if (created === undefined) {
      const job = await this.jobs.store.read(id);
      if (job === undefined) throw new JobNotFoundError();
      // The process that created it may have ended before it put the job into the queue.
      if (job.state === 'queued') await this.jobs.add(name, id, keepFor);
      return job;
    }
    try {
      await this.jobs.add(name, id, keepFor);
    } catch (error) {
      // With a key, the record stays: another request may have its id, and the next one finds it.
      if (key === undefined) await this.jobs.store.forget(id).catch(() => undefined);
      throw error;
    }
    return { ...NEW, id, name, created };
  }

  async #callerOf(request: object, job: JobFacts): Promise<string | undefined> {
    const named = await this.options.authorize?.(request as never, job);
    return typeof named === 'string' ? checkedCaller(named) : undefined;
  }

  async #maySee(request: object, { id, name, caller }: JobRecord): Promise<boolean> {
    const { authorize } = this.options;
    if (authorize === undefined) return true;
    const answer = await authorize(request as never, { id, name, caller });
    return typeof answer === 'string' ? answer === caller : answer === true;
  }

  #tellWhen(response: object): void {
    this.#platform.setHeader(response, 'retry-after', ASK_AGAIN);
  }
}

const NEW: Omit<JobRecord, 'id' | 'name' | 'created'> = {
  state: 'queued',
  started: undefined,
  finished: undefined,
  expires: undefined,
  progress: undefined,
  pieces: undefined,
  attempts: 0,
  caller: undefined,
  error: undefined,
  webhook: undefined,
};

function checkedCaller(caller: string): string {
  if (caller.length > 0 && caller.length <= MOST_CALLER) return caller;
  throw new TypeError(
    `jobs.authorize returned a text of ${caller.length} characters; return 1 to ${MOST_CALLER}, or a boolean.`,
  );
}

/**
 * The body that the descriptor read: bytes, or the result of the application's parser, which is
 * serialized again.
 */
function keptInput(body: RequestBody): { input: Uint8Array; type: string | undefined } {
  const { bytes, parsed, mediaType = '', contentType: type } = body;
  if (bytes !== undefined && (type?.length ?? 0) <= MOST_TYPE) return { input: bytes, type };
  const isText = bytes === undefined && typeof parsed === 'string';
  const isJson = bytes === undefined && /[/+]json$/.test(mediaType);
  if (!isText && !isJson) {
    throw new UnsupportedBodyError('media type', shortened(mediaType), 'another one');
  }
  const text = isText ? parsed : JSON.stringify(parsed);
  return { input: Buffer.from(text), type: `${mediaType || 'text/plain'}; charset=utf-8` };
}
