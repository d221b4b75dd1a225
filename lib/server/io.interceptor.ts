import {
  Inject,
  Injectable,
  Logger,
  StreamableFile,
  type CallHandler,
  type ExecutionContext,
  type NestInterceptor,
} from '@nestjs/common';
import { from, lastValueFrom, type Observable } from 'rxjs';
import type { VtsModuleOptions } from '../interfaces/vts-module-options.interface.js';
import { BodyTooLargeError, UnsupportedBodyError } from '../io/errors/index.js';
import { parseContentType, type RequestBody } from '../io/request-body.js';
import { DEFAULT_TIMEOUT_MS } from '../runner/runner-options.js';
import { RunAbortedError } from '../runner/errors/index.js';
import { RequestScope, requestScope } from '../runtime/request-scope.js';
import { VTS_ENDPOINT, VTS_LOG_CONTEXT, VTS_MODULE_OPTIONS } from '../vts.constants.js';
import { errorResponse } from './api-error.js';
import { DEFAULT_MAX_BODY_BYTES, type Endpoint } from './endpoint.js';
import { RequestTimeoutError } from './errors/index.js';
import { openEventStream } from './event-stream.js';
import type { HttpRequest, HttpResponse } from './http.js';
import { earlyBodyOf } from './json-bodies.js';
import { logFailure } from './log-failure.js';
import { readStream } from './read-body.js';
import { RequestGate } from './request-gate.js';

const inputs = new WeakMap<HttpRequest, unknown>();

/** What the endpoint's descriptor read from a request. @internal */
export function inputOf(request: HttpRequest): unknown {
  return inputs.get(request);
}

/**
 * Serves an endpoint: reads its input, calls the handler, writes its output, and gives up when the time is over or
 * the client has left.
 *
 * @internal
 */
@Injectable()
export class IoInterceptor implements NestInterceptor {
  readonly #logger = new Logger(VTS_LOG_CONTEXT);

  constructor(
    @Inject(VTS_MODULE_OPTIONS) private readonly options: VtsModuleOptions,
    @Inject(RequestGate) private readonly gate: RequestGate,
  ) {}

  intercept(context: ExecutionContext, next: CallHandler): Observable<unknown> {
    const endpoint = Reflect.getMetadata(VTS_ENDPOINT, context.getHandler()) as Endpoint;
    const http = context.switchToHttp();
    return from(
      this.#serve(endpoint, http.getRequest<HttpRequest>(), http.getResponse<HttpResponse>(), next),
    );
  }

  async #serve(
    endpoint: Endpoint,
    request: HttpRequest,
    response: HttpResponse,
    next: CallHandler,
  ): Promise<unknown> {
    const scope = new RequestScope();
    this.gate.enter(response, scope);
    const { timeoutMs = this.options.timeoutMs ?? DEFAULT_TIMEOUT_MS } = endpoint;
    const timer =
      timeoutMs > 0
        ? setTimeout(() => scope.end(new RequestTimeoutError(timeoutMs)), timeoutMs)
        : undefined;
    const onClose = (): void => {
      clearTimeout(timer);
      scope.end(new RunAbortedError('The endpoint', 'the handler'));
    };
    response.once('close', onClose);
    let streams = false;
    try {
      const answer = await new Promise((resolve, reject) => {
        scope.onEnd(reject);
        requestScope
          .run(scope, () => this.#handle(endpoint, request, response, next))
          .then(resolve, reject);
      });
      // Time and client matter until the last event is out.
      streams = endpoint.output.serializeEvent !== undefined;
      return answer;
    } finally {
      if (!streams) {
        clearTimeout(timer);
        response.off('close', onClose);
      }
    }
  }

  async #handle(
    { input, output }: Endpoint,
    request: HttpRequest,
    response: HttpResponse,
    next: CallHandler,
  ): Promise<unknown> {
    inputs.set(request, await input.parse(await this.#body(input, request)));
    if (output.serializeEvent !== undefined) return this.#stream(output, next, response);
    const value: unknown = await lastValueFrom(next.handle(), { defaultValue: undefined });
    const { contentType, body } = await output.serialize(value);
    if (response.headersSent) return undefined;
    // Not before: an error must not go out under this type.
    response.setHeader('content-type', contentType);
    if (this.gate.draining) response.setHeader('connection', 'close');
    return typeof body === 'string' ? body : new StreamableFile(body, { type: contentType });
  }

  async #stream(
    output: Endpoint['output'],
    next: CallHandler,
    response: HttpResponse,
  ): Promise<StreamableFile> {
    const scope = requestScope.getStore() as RequestScope;
    const events = await openEventStream(next.handle(), scope, {
      value: (value) => (output.serializeEvent as (value: unknown) => string)(value),
      failure: (error) => {
        const { body, hidden } = errorResponse(error);
        if (hidden) logFailure(this.#logger, error);
        return body;
      },
    });
    response.setHeader('cache-control', 'no-cache');
    // For proxies that would wait for the whole response; nginx heeds it.
    response.setHeader('x-accel-buffering', 'no');
    if (this.gate.draining) response.setHeader('connection', 'close');
    return new StreamableFile(events, { type: 'text/event-stream' });
  }

  async #body(input: Endpoint['input'], request: HttpRequest): Promise<RequestBody> {
    const early = earlyBodyOf(request);
    if (early !== undefined && 'error' in early) throw early.error;
    const { mediaType, charset } = parseContentType(request.headers['content-type']);
    if (!input.accepts(mediaType)) {
      throw new UnsupportedBodyError('media type', mediaType ?? '', input.mediaType);
    }
    const maxBytes = input.maxBytes ?? this.options.maxBodyBytes ?? DEFAULT_MAX_BODY_BYTES;
    let bytes = early?.bytes;
    let parsed: unknown;
    if (bytes === undefined && request.readableEnded) {
      // A parser of the application was first.
      const { rawBody, body } = request;
      if (rawBody instanceof Uint8Array) bytes = rawBody;
      else if (body instanceof Uint8Array) bytes = body;
      parsed = body;
    } else bytes ??= await readStream(request, maxBytes);
    const size = bytes?.length ?? (typeof parsed === 'string' ? Buffer.byteLength(parsed) : 0);
    if (size > maxBytes) throw new BodyTooLargeError(maxBytes);
    return { bytes, parsed, mediaType, charset };
  }
}
