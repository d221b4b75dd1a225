import { isObservable, lastValueFrom } from 'rxjs';
import { openEventStream } from '../http/event-stream.js';
import { answersByStream, valuesFrom } from '../http/stream-values.js';
import { writeEvent, writeOutput } from '../http/write-output.js';
import { NotAcceptableError } from '../io/errors.js';
import type { IoDescriptor, ResponsePayload } from '../io/io-descriptor.js';
import { parseContentType } from '../io/request-body.js';
import { requestScope } from '../../serving/runtime/request-scope.js';
import { bounded } from './bounded.js';
import { JobResultTooLargeError, JobTimeoutError } from './errors.js';
import { intercepted } from './intercepted.js';
import type { JobEndpoint } from './job-handlers.js';
import type { JobScope } from './job-scope.js';
import type { Begun, StoredResult } from './job-store.js';

type Output = IoDescriptor<unknown, unknown>;

/**
 * Runs a job as its endpoint would have served the request: within the handler's interceptors, it
 * reads the input, calls the handler, and formats the result. The scope can end it early.
 *
 * @throws The errors of the endpoint.
 */
export async function runJob(
  known: JobEndpoint,
  job: Pick<Begun, 'input' | 'type' | 'accept'>,
  scope: JobScope,
): Promise<StoredResult> {
  const { endpoint, limits, call } = known;
  const { timeoutMs, maxResultBytes } = limits;
  const ended = new Promise<never>((_, reject) => scope.onEnd(reject));
  // Possibly nobody is waiting when it ends.
  ended.catch(() => undefined);
  const timer =
    timeoutMs > 0
      ? setTimeout(() => scope.end(new JobTimeoutError(timeoutMs)), timeoutMs)
      : undefined;
  if (timeoutMs > 0) scope.deadlineAt = scope.arrivedAt + timeoutMs;
  try {
    return await requestScope.run(scope, async () => {
      const work = async (): Promise<StoredResult> => {
        const body = { bytes: job.input, ...parseContentType(job.type), contentType: job.type };
        const input = await endpoint.input.parse(body);
        const handled = async (): Promise<unknown> =>
          ((await call(input)) as { readonly result: unknown }).result;
        return answersByStream(endpoint.output, job.accept)
          ? wholeStream(endpoint.output, handled, scope, maxResultBytes)
          : whole(endpoint.output, await settled(handled()), job.accept, maxResultBytes);
      };
      const { mediaType } = endpoint.output;
      const shape = { mediaType, maxBytes: maxResultBytes };
      return Promise.race([intercepted(known, scope, shape, work), ended]);
    });
  } finally {
    clearTimeout(timer);
  }
}

async function settled(result: Promise<unknown>): Promise<unknown> {
  const value = await result;
  return isObservable(value) ? lastValueFrom(value, { defaultValue: undefined }) : value;
}

async function whole(
  output: Output,
  value: unknown,
  accept: string | undefined,
  maxBytes: number,
): Promise<StoredResult> {
  const { contentType, body } = await payloadOf(output, value, accept);
  if (typeof body === 'string' || body instanceof Uint8Array) {
    if (Buffer.byteLength(body) > maxBytes) throw new JobResultTooLargeError(maxBytes);
    return { contentType, body };
  }
  return { contentType, body: await bounded(body, maxBytes) };
}

/** `Accept` was sent with a request whose response is JSON, so it is only a preference here. */
async function payloadOf(
  output: Output,
  value: unknown,
  accept: string | undefined,
): Promise<ResponsePayload> {
  try {
    return await writeOutput(output, value, accept);
  } catch (error) {
    if (error instanceof NotAcceptableError) return writeOutput(output, value);
    throw error;
  }
}

/** All events of a stream, as the endpoint sends them; if the stream fails, the job fails. */
async function wholeStream(
  output: Output,
  handled: () => Promise<unknown>,
  scope: JobScope,
  maxBytes: number,
): Promise<StoredResult> {
  let pieces = 0;
  let failure: { readonly error: unknown } | undefined;
  const events = await openEventStream(valuesFrom(handled), scope, {
    value: (value) => {
      scope.told = { ...scope.told, pieces: ++pieces };
      return writeEvent(output, value);
    },
    failure: (error) => {
      failure = { error };
      return {};
    },
  });
  const body = await bounded(events as AsyncIterable<string>, maxBytes);
  if (failure !== undefined) throw failure.error;
  return { contentType: 'text/event-stream', body };
}
