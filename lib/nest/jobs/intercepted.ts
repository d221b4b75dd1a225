import { AsyncResource } from 'node:async_hooks';
import {
  StreamableFile,
  type ExecutionContext,
  type NestInterceptor,
  type Type,
} from '@nestjs/common';
import { defer, lastValueFrom, mergeAll, of, type Observable } from 'rxjs';
import { bounded } from './bounded.js';
import { JobResultTooLargeError } from './errors.js';
import type { RunningJob } from './job-scope.js';
import type { StoredResult } from './job-store.js';

/** A handler with the interceptors that wrap only it. */
export interface InterceptedHandler {
  readonly controller: Type;
  readonly handler: () => unknown;
  readonly interceptors: readonly NestInterceptor[];
}

/** The response that an interceptor may have changed, as Nest would send it. */
interface Shaped {
  readonly value: unknown;
  readonly mediaType: string;
  readonly maxBytes: number;
}

/**
 * Runs a job within the interceptors of its handler. They see the same as for a request: the
 * formatted response, a string or a `StreamableFile`.
 *
 * @param mediaType The type of a result that an interceptor has instead of the handler's.
 */
export async function intercepted(
  { controller, handler, interceptors }: InterceptedHandler,
  job: RunningJob,
  { mediaType, maxBytes }: Omit<Shaped, 'value'>,
  work: () => Promise<StoredResult>,
): Promise<StoredResult> {
  if (interceptors.length === 0) return work();
  let type: string | undefined;
  const answer = async (): Promise<unknown> => {
    const { contentType, body } = await work();
    type = contentType;
    return typeof body === 'string' ? body : new StreamableFile(body, { type: contentType });
  };
  const context = new JobContext(controller, handler, job);
  const value = await chained(interceptors, context, answer);
  return shaped({ value, mediaType: type ?? mediaType, maxBytes });
}

/** As Nest calls them: each may call the next one, several times, or not at all. */
function chained(
  interceptors: readonly NestInterceptor[],
  context: ExecutionContext,
  last: () => Promise<unknown>,
): Promise<unknown> {
  const from = (at: number): Observable<unknown> => {
    const next = async (): Promise<Observable<unknown>> => {
      const interceptor = interceptors[at];
      if (interceptor === undefined) return of(await last());
      return interceptor.intercept(context, { handle: () => from(at + 1) });
    };
    // Whenever an interceptor subscribes, the current job is still this one.
    return defer(AsyncResource.bind(next)).pipe(mergeAll());
  };
  return lastValueFrom(from(0));
}

async function shaped({ value, mediaType, maxBytes }: Shaped): Promise<StoredResult> {
  const body =
    value instanceof StreamableFile
      ? await bounded(value.getStream() as AsyncIterable<Uint8Array | string>, maxBytes)
      : textOf(value);
  if (Buffer.byteLength(body) > maxBytes) throw new JobResultTooLargeError(maxBytes);
  return { contentType: mediaType, body };
}

function textOf(value: unknown): string | Uint8Array {
  if (typeof value === 'string' || value instanceof Uint8Array) return value;
  return JSON.stringify(value ?? '') ?? '';
}

/**
 * The context that interceptors get without a request: `getType()` is `job`, and the only argument
 * is the job.
 */
class JobContext implements ExecutionContext {
  readonly #args: readonly [RunningJob];

  constructor(
    private readonly controller: Type,
    private readonly handler: () => unknown,
    job: RunningJob,
  ) {
    this.#args = [job];
  }

  getClass<T>(): Type<T> {
    return this.controller;
  }

  getHandler(): () => unknown {
    return this.handler;
  }

  getType<T extends string>(): T {
    return 'job' as T;
  }

  getArgs<T extends unknown[]>(): T {
    return [...this.#args] as unknown[] as T;
  }

  getArgByIndex<T>(index: number): T {
    return this.#args[index] as T;
  }

  switchToHttp() {
    const none = (): never => undefined as never;
    return { getRequest: none, getResponse: none, getNext: none };
  }

  switchToRpc() {
    const job = (): never => this.#args[0] as never;
    return { getData: job, getContext: job };
  }

  switchToWs() {
    const job = (): never => this.#args[0] as never;
    return { getClient: job, getData: job, getPattern: () => '' };
  }
}
