import {
  Inject,
  Injectable,
  Logger,
  StreamableFile,
  type CallHandler,
  type ExecutionContext,
  type NestInterceptor,
} from '@nestjs/common';
import { lastValueFrom, Observable } from 'rxjs';
import type { VtsModuleOptions } from '../vts-module-options.interface.js';
import { BodyTooLargeError, InvalidBodyError, UnsupportedBodyError } from '../io/errors.js';
import { isTooDeep, MOST_LEVELS } from '../io/json/nesting.js';
import { parseContentType, type RequestBody } from '../io/request-body.js';
import { DEFAULT_TIMEOUT_MS } from '../../serving/runner/runner-options.js';
import { RunAbortedError } from '../../serving/runner/errors.js';
import { requestScope, type RequestScope } from '../../serving/runtime/request-scope.js';
import { VTS_LOG_CONTEXT, VTS_MODULE_OPTIONS } from '../vts.constants.js';
import { errorResponse } from './api-error.js';
import { DEFAULT_MAX_BODY_BYTES, endpointOf, type Endpoint } from './endpoint.js';
import { RequestTimeoutError, SlowBodyError } from './errors.js';
import { openEventStream } from './event-stream.js';
import { earlyBodyOf } from './early-body.js';
import { logFailure } from '../observability/log-failure.js';
import { requestIdOf } from '../observability/request-id.js';
import { RequestRecord } from './request-record.js';
import { PlatformHost } from './platform-host.js';
import type { HttpPlatform, HttpRequest, HttpResponse } from './platform.js';
import { readBody } from './read-body.js';
import { Requests } from './requests.js';
import { writeEvent, writeOutput } from './write-output.js';

const inputs = new WeakMap<object, unknown>();

/** What the endpoint's descriptor read from a request, as the framework gives that. */
export function inputOf(given: object): unknown {
  return inputs.get(given);
}

/** A request that is being served, taken apart. */
interface Exchange {
  readonly platform: HttpPlatform;
  readonly request: HttpRequest;
  readonly response: HttpResponse;
  /** What the framework gives in their place. */
  readonly given: object;
  readonly givenResponse: object;
}

/**
 * Serves an endpoint: reads its input, calls the handler, writes its output, and gives up when the
 * time is over or the client has left.
 */
@Injectable()
export class IoInterceptor implements NestInterceptor {
  readonly #logger = new Logger(VTS_LOG_CONTEXT);

  constructor(
    @Inject(VTS_MODULE_OPTIONS) private readonly options: VtsModuleOptions,
    @Inject(Requests) private readonly requests: Requests,
    @Inject(PlatformHost) private readonly platforms: PlatformHost,
  ) {}

  intercept(context: ExecutionContext, next: CallHandler): Observable<unknown> {
    const endpoint = endpointOf(context.getHandler()) as Endpoint;
    const http = context.switchToHttp();
    const platform = this.platforms.demand();
    const [given, givenResponse] = [http.getRequest<object>(), http.getResponse<object>()];
    const exchange: Exchange = {
      platform,
      request: platform.requestOf(given),
      response: platform.responseOf(givenResponse),
      given,
      givenResponse,
    };
    return new Observable((subscriber) => {
      this.#serve(endpoint, exchange, next).then(
        (answer) => {
          subscriber.next(answer);
          subscriber.complete();
        },
        (error: unknown) => subscriber.error(error),
      );
    });
  }

  async #serve(endpoint: Endpoint, exchange: Exchange, next: CallHandler): Promise<unknown> {
    const { request, response } = exchange;
    const scope = this.requests.enter(endpoint, exchange.given, exchange.givenResponse);
    const { timeoutMs = this.options.timeoutMs ?? DEFAULT_TIMEOUT_MS } = endpoint;
    // Reading a JSON body has taken some of it.
    const left = Math.max(1, timeoutMs - (performance.now() - scope.arrivedAt));
    const timer =
      timeoutMs > 0 ? setTimeout(() => giveUp(request, scope, timeoutMs), left) : undefined;
    scope.onClose = () => {
      clearTimeout(timer);
      if (!response.writableFinished) scope.end(new RunAbortedError('The endpoint', 'the handler'));
    };
    try {
      const answer = await new Promise((resolve, reject) => {
        scope.onEnd(reject);
        requestScope.run(scope, () => this.#handle(endpoint, exchange, next)).then(resolve, reject);
      });
      // Of a stream, time matters until the last event is out.
      if (endpoint.output.serializeEvent === undefined) clearTimeout(timer);
      return answer;
    } catch (error) {
      clearTimeout(timer);
      // Whoever takes so long to send a body may go on for ever.
      const late = error === scope.reason || error instanceof SlowBodyError;
      if (late && !request.complete && !response.headersSent) {
        response.setHeader('connection', 'close');
      }
      throw error;
    }
  }

  async #handle(
    { input, output }: Endpoint,
    exchange: Exchange,
    next: CallHandler,
  ): Promise<unknown> {
    const { platform, response, given, givenResponse } = exchange;
    const body = this.#body(input, exchange);
    const parsed = input.parse(body instanceof Promise ? await body : body);
    inputs.set(given, parsed instanceof Promise ? await parsed : parsed);
    if (output.serializeEvent !== undefined) return this.#stream(output, exchange, next);
    const value: unknown = await lastValueFrom(next.handle(), { defaultValue: undefined });
    const payload = writeOutput(output, value);
    const { contentType, body: sent } = payload instanceof Promise ? await payload : payload;
    if (response.headersSent) return undefined;
    // Not before: an error must not go out under this type.
    const text = typeof sent === 'string';
    platform.setHeader(givenResponse, 'content-type', text ? utf8(contentType) : contentType);
    if (this.requests.closing) response.setHeader('connection', 'close');
    if (!text) return new StreamableFile(sent, { type: contentType });
    platform.sendPlainly(response);
    return sent;
  }

  async #stream(
    output: Endpoint['output'],
    { platform, request, response, givenResponse }: Exchange,
    next: CallHandler,
  ): Promise<StreamableFile> {
    const scope = requestScope.getStore() as RequestScope;
    const events = await openEventStream(next.handle(), scope, {
      value: (value) => writeEvent(output, value),
      failure: (error) => {
        const { body, hidden } = errorResponse(error);
        // A client that leaves in the midst of a stream is no failure.
        if (hidden && error !== scope.reason) {
          logFailure(this.#logger, error, requestIdOf(request));
        }
        return body;
      },
    });
    RequestRecord.of(request)?.stream();
    platform.setHeader(givenResponse, 'cache-control', 'no-cache');
    // For proxies that would wait for the whole response; nginx heeds it.
    platform.setHeader(givenResponse, 'x-accel-buffering', 'no');
    if (this.requests.closing) response.setHeader('connection', 'close');
    return new StreamableFile(events, { type: 'text/event-stream' });
  }

  #body(
    input: Endpoint['input'],
    { request, given }: Exchange,
  ): RequestBody | Promise<RequestBody> {
    const early = earlyBodyOf(request);
    if (early !== undefined && 'error' in early) throw early.error;
    const contentType = request.headers['content-type'];
    const { mediaType, charset } = parseContentType(contentType);
    if (!input.accepts(mediaType)) {
      throw new UnsupportedBodyError('media type', mediaType ?? '', input.mediaType);
    }
    const type = { mediaType, charset, contentType };
    if (early !== undefined) return { bytes: early.bytes, ...type };
    const maxBytes = input.maxBytes ?? this.options.maxBodyBytes ?? DEFAULT_MAX_BODY_BYTES;
    // A parser of the application was first.
    if (request.readableEnded) return { ...takenBody(input, given, maxBytes), ...type };
    return new Promise((resolve, reject) => {
      readBody(request, { maxBytes, timeoutMs: 0 }, (error, bytes) => {
        if (error === undefined) resolve({ bytes, ...type });
        else reject(error);
      });
    });
  }
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

function giveUp(request: HttpRequest, scope: RequestScope, timeoutMs: number): void {
  scope.end(request.complete ? new RequestTimeoutError(timeoutMs) : new SlowBodyError(timeoutMs));
}
