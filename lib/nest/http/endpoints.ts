import { Logger, StreamableFile } from '@nestjs/common';
import { defer, from, isObservable, lastValueFrom, of, switchMap } from 'rxjs';
import type { VtsModuleOptions } from '../vts-module-options.interface.js';
import { BodyTooLargeError, InvalidBodyError, UnsupportedBodyError } from '../io/errors.js';
import type { ResponsePayload } from '../io/io-descriptor.js';
import { isTooDeep, MOST_LEVELS } from '../io/json/nesting.js';
import { parseContentType, type RequestBody } from '../io/request-body.js';
import { DEFAULT_TIMEOUT_MS } from '../../serving/runner/runner-options.js';
import { requestScope } from '../../serving/runtime/request-scope.js';
import { VTS_LOG_CONTEXT } from '../vts.constants.js';
import { errorResponse } from './api-error.js';
import { bodyStream } from './body-stream.js';
import type { EndpointCall } from './endpoint-call.js';
import { DEFAULT_MAX_BODY_BYTES, type Endpoint } from './endpoint.js';
import { openEventStream } from './event-stream.js';
import { logFailure } from '../observability/log-failure.js';
import { requestIdOf } from '../observability/request-id.js';
import { RequestRecord } from './request-record.js';
import { rawRequest, type HttpRequest } from './platform.js';
import { readBody } from './read-body.js';
import type { Requests } from './requests.js';
import { writeEvent, writeOutput } from './write-output.js';

/**
 * Serves the requests of endpoints: reads the input, calls the handler, writes the output, and gives
 * up when the time is over or the client has left.
 *
 * The input is a parameter of the handler, and the output is what the handler was made to return:
 * an interceptor in between would cost as much as all of this.
 */
export class Endpoints {
  readonly #logger = new Logger(VTS_LOG_CONTEXT);

  constructor(
    private readonly options: VtsModuleOptions,
    private readonly requests: Requests,
  ) {}

  /** What the descriptor reads from a request, as the framework gives that. */
  input(endpoint: Endpoint, given: object, givenResponse: object): unknown {
    const call = this.requests.enter(endpoint, given, givenResponse);
    const { timeoutMs = this.options.timeoutMs ?? DEFAULT_TIMEOUT_MS } = endpoint;
    call.limit(timeoutMs);
    try {
      return this.#input(call);
    } catch (error) {
      throw call.failedWith(error);
    }
  }

  /** Calls the handler of a request whose input was read; gives what is sent. */
  serve(call: EndpointCall, handle: () => unknown): Promise<unknown> {
    call.handled = true;
    if (streams(call)) {
      return call.until((resolve, reject) => {
        requestScope.run(call, () => this.#stream(call, handle)).then(resolve, reject);
      });
    }
    return call.until((resolve, reject) => {
      const answer = (value: unknown): void => {
        try {
          this.#answer(call, value, resolve, reject);
        } catch (error) {
          reject(error);
        }
      };
      const result = requestScope.run(call, handle);
      if (result instanceof Promise) result.then(answer, reject);
      else answer(result);
    });
  }

  /** Serves a request that came to no controller: reads it, calls `handle`, gives what is sent. */
  async call(
    endpoint: Endpoint,
    given: object,
    givenResponse: object,
    handle: (input: unknown) => unknown,
  ): Promise<unknown> {
    const input = await this.input(endpoint, given, givenResponse);
    const call = RequestRecord.of(rawRequest(given))?.scope as EndpointCall;
    return this.serve(call, () => handle(input));
  }

  #input(call: EndpointCall): unknown {
    const { request, given } = call;
    const { input } = call.endpoint;
    const parse = (body: RequestBody): unknown => requestScope.run(call, () => input.parse(body));
    const parseNow = (body: RequestBody): unknown => {
      const parsed = parse(body);
      if (!(parsed instanceof Promise)) return parsed;
      return call.until((resolve, reject) => parsed.then(resolve, reject));
    };
    const early = RequestRecord.of(request)?.body;
    if (early !== undefined && 'error' in early) throw early.error;
    const contentType = request.headers['content-type'];
    const { mediaType, charset } = parseContentType(contentType);
    if (!input.accepts(mediaType)) {
      throw new UnsupportedBodyError('media type', mediaType ?? '', input.mediaType);
    }
    const type = { mediaType, charset, contentType };
    if (early !== undefined) return parseNow({ bytes: early.bytes, ...type });
    const maxBytes = input.maxBytes ?? this.options.maxBodyBytes ?? DEFAULT_MAX_BODY_BYTES;
    // A parser of the application was first.
    if (request.readableEnded) return parseNow({ ...takenBody(input, given, maxBytes), ...type });
    return call.until((resolve, reject) => {
      readBody(request, { maxBytes, timeoutMs: 0 }, (error, bytes) => {
        if (error !== undefined) return reject(error);
        try {
          resolve(parse({ bytes, ...type }));
        } catch (fault) {
          reject(fault);
        }
      });
    });
  }

  #answer(
    call: EndpointCall,
    value: unknown,
    resolve: (sent: unknown) => void,
    reject: (error: unknown) => void,
  ): void {
    if (isObservable(value) || isThenable(value)) {
      const last = isObservable(value)
        ? lastValueFrom(value, { defaultValue: undefined })
        : Promise.resolve(value);
      last.then((settled) => this.#answer(call, settled, resolve, reject)).catch(reject);
      return;
    }
    const payload = writeOutput(call.endpoint.output, value, call.request.headers.accept);
    if (!(payload instanceof Promise)) resolve(this.#sent(call, payload));
    else payload.then((written) => resolve(this.#sent(call, written))).catch(reject);
  }

  #sent(call: EndpointCall, { contentType, body }: ResponsePayload): unknown {
    call.stopLimit();
    const { endpoint, platform, response, givenResponse } = call;
    if (response.headersSent) return undefined;
    // Not before: an error must not go out under this type.
    const text = typeof body === 'string';
    const exact = !text || endpoint.protocol !== undefined;
    platform.setHeader(givenResponse, 'content-type', exact ? contentType : utf8(contentType));
    if (this.requests.closing) response.setHeader('connection', 'close');
    if (!text) return this.#file(call, body, contentType);
    platform.sendPlainly(response);
    return exact ? platform.exactText(body) : body;
  }

  /** Bytes, or pieces: the head is out when one of those fails, and the response is broken off. */
  #file(
    { request, response }: EndpointCall,
    body: Exclude<ResponsePayload['body'], string>,
    type: string,
  ): StreamableFile {
    if (body instanceof Uint8Array) return new StreamableFile(body, { type });
    RequestRecord.of(request)?.stream();
    const pieces = bodyStream(body, (error) => {
      logFailure(this.#logger, error, requestIdOf(request));
      response.destroy();
    });
    return new StreamableFile(pieces, { type });
  }

  async #stream(call: EndpointCall, handle: () => unknown): Promise<StreamableFile> {
    const { endpoint, platform, request, response, givenResponse } = call;
    const { protocol } = endpoint;
    const values = defer(() => from(Promise.resolve(handle()))).pipe(
      switchMap((value) => (isObservable(value) ? value : of(value))),
    );
    const events = await openEventStream(values, call, {
      value: (value) => writeEvent(endpoint.output, value),
      failure: (error) => {
        const { body, hidden } = errorResponse(error);
        // A client that leaves in the midst of a stream is no failure.
        if (hidden && error !== call.reason) {
          logFailure(this.#logger, error, requestIdOf(request));
        }
        return protocol?.errorBody((body as { message: string }).message) ?? body;
      },
      bare: protocol !== undefined,
    });
    RequestRecord.of(request)?.stream();
    platform.setHeader(givenResponse, 'cache-control', 'no-cache');
    // For proxies that would wait for the whole response; nginx heeds it.
    platform.setHeader(givenResponse, 'x-accel-buffering', 'no');
    if (this.requests.closing) response.setHeader('connection', 'close');
    const type = protocol === undefined ? EVENTS : utf8(EVENTS);
    return new StreamableFile(events, { type });
  }
}

const EVENTS = 'text/event-stream';

function streams({ endpoint: { output }, request }: EndpointCall): boolean {
  if (output.serializeEvent === undefined) return false;
  return output.streamsFor?.(request.headers.accept) ?? true;
}

/** A promise of another kind, such as a lazy query's. */
function isThenable(value: unknown): value is PromiseLike<unknown> {
  return typeof (value as { then?: unknown } | null | undefined)?.then === 'function';
}

/** What a body parser of the application has left. */
function takenBody(
  input: Endpoint['input'],
  given: Pick<HttpRequest, 'rawBody' | 'body'>,
  maxBytes: number,
): Pick<RequestBody, 'bytes' | 'parsed'> {
  const { rawBody, body: parsed } = given;
  const bytes = [rawBody, parsed].find((body) => body instanceof Uint8Array);
  const size = bytes?.length ?? (typeof parsed === 'string' ? Buffer.byteLength(parsed) : 0);
  if (size > maxBytes) throw new BodyTooLargeError(maxBytes);
  if (bytes === undefined && isTooDeep(parsed)) {
    const fact = `the body is nested more than ${MOST_LEVELS} deep`;
    throw new InvalidBodyError(input.constructor.name, fact, 'send something flatter');
  }
  return { bytes, parsed };
}

const UTF8_TYPES = new Map<string, string>();

/** The content type with the charset in which texts are sent. */
function utf8(type: string): string {
  let named = UTF8_TYPES.get(type);
  if (named === undefined) {
    named = `${type.replace(/;\s*charset=("[^"]*"|[^;]*)/gi, '')}; charset=utf-8`;
    // They are those of descriptors, and of applications' own: a handful.
    if (UTF8_TYPES.size < 100) UTF8_TYPES.set(type, named);
  }
  return named;
}
