import type { Context, Span, SpanContext, SpanStatusCode, Tracer } from '@opentelemetry/api';
import type { RequestRecord } from '../../http/request-record.js';
import { openTelemetry, type OpenTelemetry } from './opentelemetry.js';
import { isValid, parseTraceparent, traceparentOf } from './traceparent.js';

export const TRACER = 'nestjs-vts';

/**
 * A request's part in a trace, through the OpenTelemetry API. The application's SDK records and
 * exports spans; without an SDK, there are no spans.
 */
export class RequestTracing {
  readonly #spans = new WeakMap<RequestRecord, Span>();

  /** Starts the span of a request, and calls `next` in its context. */
  begin(record: RequestRecord, next: () => void): void {
    const api = openTelemetry();
    const tracer = api && sdkTracer(api);
    if (api === undefined || tracer === undefined) {
      const remote = parseTraceparent(record.request.headers['traceparent']);
      if (remote !== undefined) this.#tell(record, remote);
      return next();
    }
    const { context, SpanKind, trace } = api;
    const active = context.active();
    const outer = trace.getSpan(active);
    // If an instrumentation of node:http was first, its span is that of the request and the parent
    // of the runners' spans.
    if (outer?.isRecording()) {
      this.#tell(record, outer.spanContext());
      record.traceContext = active;
      // Its owner ends it when the response closes, and knows nothing of routes.
      record.response.once('finish', () => {
        if (record.route !== undefined) outer.setAttribute('http.route', record.route);
      });
      return next();
    }
    const parent = parentOf(api, record, active);
    const span = tracer.startSpan(
      record.request.method ?? 'HTTP',
      {
        kind: SpanKind.SERVER,
        startTime: performance.timeOrigin + record.arrivedAt,
        attributes: attributesOf(record),
      },
      parent,
    );
    this.#tell(record, span.spanContext());
    if (!span.isRecording()) return next();
    this.#spans.set(record, span);
    const inside = trace.setSpan(parent, span);
    record.traceContext = inside;
    context.with(inside, next);
  }

  end(record: RequestRecord): void {
    const own = this.#spans.get(record);
    if (own === undefined) return;
    const { route, status } = record;
    if (route !== undefined) {
      own.updateName(`${record.request.method} ${route}`);
      own.setAttribute('http.route', route);
    }
    if (status === 499) own.setAttribute('error.type', 'client_left');
    else own.setAttribute('http.response.status_code', status);
    if (status >= 500) {
      own.setAttribute('error.type', String(status));
      own.setStatus({ code: 2 satisfies SpanStatusCode.ERROR });
    }
    own.end();
  }

  #tell(record: RequestRecord, spanContext: SpanContext): void {
    if (!isValid(spanContext)) return;
    record.traceId = spanContext.traceId;
    const value = (record.traceparent = traceparentOf(spanContext));
    record.response.setHeader('traceresponse', value);
    record.response.setHeader('traceparent', value);
  }
}

/** Undefined without an SDK, because the API then has no effect. */
export function sdkTracer({ ProxyTracerProvider, trace }: OpenTelemetry): Tracer | undefined {
  const provider = trace.getTracerProvider();
  return provider instanceof ProxyTracerProvider
    ? provider.getDelegateTracer(TRACER)
    : provider.getTracer(TRACER);
}

/** The client's trace, read by the application's propagators, or without any from `traceparent`. */
function parentOf(
  { defaultTextMapGetter, propagation, ROOT_CONTEXT, trace }: OpenTelemetry,
  { request }: RequestRecord,
  active: Context,
): Context {
  const { headers } = request;
  const extracted = propagation.extract(active, headers, defaultTextMapGetter);
  if (trace.getSpanContext(extracted) !== undefined) return extracted;
  const remote = parseTraceparent(headers['traceparent']);
  return remote === undefined ? active : trace.setSpanContext(ROOT_CONTEXT, remote);
}

/**
 * The attributes of the semantic conventions that samplers may read at the start and that do not
 * change.
 */
function attributesOf(record: RequestRecord): Record<string, string | number> {
  const { request, id } = record;
  const { method = '', headers, httpVersion, socket } = request;
  const attributes: Record<string, string | number> = {
    'http.request.method': method,
    'url.path': record.path,
    'url.scheme': record.protocol,
    'network.protocol.version': httpVersion,
  };
  const [, host, port] = /^(\[[^\]]*\]|[^:]*)(?::(\d+))?$/.exec(headers.host ?? '') ?? [];
  if (host !== undefined && host !== '') attributes['server.address'] = host;
  if (port !== undefined) attributes['server.port'] = Number(port);
  if (record.remoteAddress !== undefined) attributes['client.address'] = record.remoteAddress;
  if (socket.remoteAddress !== undefined) {
    attributes['network.peer.address'] = socket.remoteAddress;
  }
  if (headers['user-agent'] !== undefined) {
    attributes['user_agent.original'] = headers['user-agent'];
  }
  if (headers['content-length'] !== undefined) {
    attributes['http.request.body.size'] = record.requestBytes;
  }
  if (id !== undefined) attributes['vts.request.id'] = id;
  return attributes;
}
