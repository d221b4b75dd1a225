import {
  Inject,
  Injectable,
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
import { VTS_ENDPOINT, VTS_MODULE_OPTIONS } from '../vts.constants.js';
import { DEFAULT_MAX_BODY_BYTES, type Endpoint } from './endpoint.js';
import { RequestTimeoutError } from './errors/index.js';
import type { HttpRequest, HttpResponse } from './http.js';
import { earlyBodyOf } from './json-bodies.js';
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
    const onClose = (): void => scope.end(new RunAbortedError('The endpoint', 'the handler'));
    response.once('close', onClose);
    try {
      return await new Promise((resolve, reject) => {
        scope.onEnd(reject);
        requestScope
          .run(scope, () => this.#handle(endpoint, request, response, next))
          .then(resolve, reject);
      });
    } finally {
      clearTimeout(timer);
      response.off('close', onClose);
    }
  }

  async #handle(
    { input, output }: Endpoint,
    request: HttpRequest,
    response: HttpResponse,
    next: CallHandler,
  ): Promise<unknown> {
    inputs.set(request, await input.parse(await this.#body(input, request)));
    const value: unknown = await lastValueFrom(next.handle(), { defaultValue: undefined });
    const { contentType, body } = await output.serialize(value);
    if (response.headersSent) return undefined;
    // Not before: an error must not go out under this type.
    response.setHeader('content-type', contentType);
    if (this.gate.draining) response.setHeader('connection', 'close');
    return typeof body === 'string' ? body : new StreamableFile(body, { type: contentType });
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
