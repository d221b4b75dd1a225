import { Readable } from 'node:stream';
import { piped } from '../http/piped.js';
import { IoDescriptor, type IoSchema, type ResponsePayload } from '../io/io-descriptor.js';
import type { JobFailure, JobRecord, JobState } from './job-record.js';
import type { StoredResult } from './job-store.js';

/** A job as clients see it. Times are in ISO 8601, in UTC. @publicApi */
export interface JobResource {
  id: string;
  state: JobState;
  /** 0 to 1; null if the handler does not report it. */
  progress: number | null;
  /** The number of stream values so far; null if the output is not a stream. */
  pieces: number | null;
  createdAt: string;
  startedAt: string | null;
  finishedAt: string | null;
  /** When the job and its result expire; null before the job has ended. */
  expiresAt: string | null;
  /** The error response of the endpoint, if the job failed. */
  error: JobFailure | null;
}

export function resourceOf(job: JobRecord): JobResource {
  return {
    id: job.id,
    state: job.state,
    progress: job.state === 'succeeded' ? 1 : (job.progress ?? null),
    pieces: job.pieces ?? null,
    createdAt: isoOf(job.created) as string,
    startedAt: isoOf(job.started),
    finishedAt: isoOf(job.finished),
    expiresAt: isoOf(job.expires),
    error: job.error ?? null,
  };
}

function isoOf(ms: number | undefined): string | null {
  return ms === undefined ? null : new Date(ms).toISOString();
}

/** A job as JSON, or a stream that follows it. */
export class JobDescription extends IoDescriptor<never, JobResource | Readable> {
  readonly mediaType = 'application/json';
  // The documentation is in job-documentation.ts.
  readonly schema: IoSchema = {};

  parse(): never {
    throw new TypeError('JobDescription is an output.');
  }

  serialize(job: JobResource | Readable): ResponsePayload {
    if (job instanceof Readable) return { contentType: 'text/event-stream', body: piped(job) };
    return { contentType: 'application/json', body: JSON.stringify(job) };
  }
}

/** Requests without a body; their headers about it are ignored. */
export class NoBody extends IoDescriptor<undefined, never> {
  readonly mediaType = 'application/json';
  readonly schema: IoSchema = {};
  override readonly maxBytes = 64 * 1024;

  parse(): undefined {
    return undefined;
  }

  serialize(): never {
    throw new TypeError('NoBody is an input.');
  }

  override accepts(): boolean {
    return true;
  }
}

/** A result is sent as it was stored. */
export class KeptResult extends IoDescriptor<never, StoredResult> {
  readonly mediaType = 'application/octet-stream';
  readonly schema: IoSchema = { type: 'string', format: 'binary' };

  parse(): never {
    throw new TypeError('KeptResult is an output.');
  }

  serialize(result: StoredResult): ResponsePayload {
    return result;
  }
}
