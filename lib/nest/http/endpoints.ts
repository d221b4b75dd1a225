import { Logger, StreamableFile } from '@nestjs/common';
import { isObservable, lastValueFrom } from 'rxjs';
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
import { pipedStream } from './piped.js';
import { readBody } from './read-body.js';
import type { Requests } from './requests.js';
import { answersByStream, valuesFrom } from './stream-values.js';
import { wholeFile } from './whole-file.js';
import { writeEvent, writeOutput } from './write-output.js';

/**
 * Serves the requests of endpoints: reads the input, calls the handler, writes the output, and
 * stops when the time limit passes or the client disconnects.
 *
 * The input is a parameter of the handler, and the wrapped handler returns the output. An
 * interceptor would cost as much as everything here.
 */
export class Endpoints {
  readonly #logger = new Logger(VTS_LOG_CONTEXT);

  constructor(
    private readonly options: VtsModuleOptions,
    private readonly requests: Requests,
  ) {}

  /** Reads the input of a request with the descriptor. */
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

  /** Calls the handler of a request whose input has been read; returns what to send. */
  serve(call: EndpointCall, handle: () => unknown): Promise<unknown> {
    call.handled = true;
    if (answersByStream(call.endpoint.output, call.request.headers.accept)) {
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

  /** Serves a request without a controller: reads it, calls `handle`, and returns what to send. */
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
    // A parser of the application has read it.
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
    // Not earlier, because an error must not have this type.
    const text = typeof body === 'string';
    const exact = !text || endpoint.protocol !== undefined;
    platform.setHeader(givenResponse, 'content-type', exact ? contentType : utf8(contentType));
    if (this.requests.closing) response.setHeader('connection', 'close');
    if (!text) return this.#file(call, body, contentType);
    platform.sendPlainly(response);
    return exact ? platform.exactText(body) : body;
  }

  /**
   * Bytes, or pieces. When a piece fails, the head has already been sent, so the response is cut
   * off.
   */
  #file(
    call: EndpointCall,
    body: Exclude<ResponsePayload['body'], string>,
    type: string,
  ): StreamableFile {
    const { request, response } = call;
    const stream = pipedStream(body);
    if (stream !== undefined) {
      RequestRecord.of(request)?.stream();
      call.onEnd(() => stream.destroy());
      return new StreamableFile(stream, { type });
    }
    if (body instanceof Uint8Array) return wholeFile(body, type);
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
    const events = await openEventStream(valuesFrom(handle), call, {
      value: (value) => writeEvent(endpoint.output, value),
      failure: (error) => {
        const { body, hidden } = errorResponse(error);
        // A client that disconnects during a stream is not a failure.
        if (hidden && error !== call.reason) {
          logFailure(this.#logger, error, requestIdOf(request));
        }
        return protocol?.errorBody((body as { message: string }).message) ?? body;
      },
      bare: protocol !== undefined,
    });
    RequestRecord.of(request)?.stream();
    platform.setHeader(givenResponse, 'cache-control', 'no-cache');
    // For proxies that would wait for the whole response, such as nginx.
    platform.setHeader(givenResponse, 'x-accel-buffering', 'no');
    if (this.requests.closing) response.setHeader('connection', 'close');
    const type = protocol === undefined ? EVENTS : utf8(EVENTS);
    return new StreamableFile(events, { type });
  }
}

const EVENTS = 'text/event-stream';

/** Another kind of promise, such as a lazy query. */
function isThenable(value: unknown): value is PromiseLike<unknown> {
  return typeof (value as { then?: unknown } | null | undefined)?.then === 'function';
}

/** The result of the application's body parser. */
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
    const fact = `the body is nested more than ${MOST_LEVELS} levels deep`;
    throw new InvalidBodyError(input.constructor.name, fact, 'send something flatter');
  }
  return { bytes, parsed };
}

const UTF8_TYPES = new Map<string, string>();

/** The content type with the charset of texts. */
function utf8(type: string): string {
  let named = UTF8_TYPES.get(type);
  if (named === undefined) {
    named = `${type.replace(/;\s*charset=("[^"]*"|[^;]*)/gi, '')}; charset=utf-8`;
    // Content types come from descriptors, those of applications included, so there are few.
    if (UTF8_TYPES.size < 100) UTF8_TYPES.set(type, named);
  }
  return named;
}
