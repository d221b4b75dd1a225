import type { Context, Span, SpanContext, SpanStatusCode, TextMapGetter } from '@opentelemetry/api';
import { openTelemetry, type OpenTelemetry } from '../../observability/tracing/opentelemetry.js';
import { sdkTracer } from '../../observability/tracing/request-tracing.js';
import {
  isValid,
  parseTraceparent,
  traceparentOf,
} from '../../observability/tracing/traceparent.js';
import type { GrpcCall } from './grpc-call.js';
import { textOf } from './metadata.js';
import { CODES } from './grpc-status.js';

/** Statuses that are the server's fault, by OpenTelemetry's conventions. */
const SERVERS_FAULT = new Set<number>([
  CODES.UNKNOWN,
  CODES.DEADLINE_EXCEEDED,
  CODES.UNIMPLEMENTED,
  CODES.INTERNAL,
  CODES.UNAVAILABLE,
  CODES.DATA_LOSS,
]);

/** A gRPC call's part in a trace, as for an HTTP request. */
export class GrpcTracing {
  readonly #spans = new WeakMap<GrpcCall, Span>();

  begin(call: GrpcCall): void {
    const api = openTelemetry();
    const tracer = api && sdkTracer(api);
    if (api === undefined || tracer === undefined) {
      const remote = parseTraceparent(textOf(call.metadata, 'traceparent'));
      if (remote !== undefined) tell(call, remote);
      return;
    }
    const { SpanKind, trace } = api;
    const parent = parentOf(api, call);
    const [service = '', method = ''] = call.path.slice(1).split('/');
    const attributes = {
      'rpc.system': 'grpc',
      'rpc.service': service,
      'rpc.method': method,
      ...(call.remoteAddress !== undefined && {
        'client.address': call.remoteAddress,
        'network.peer.address': call.remoteAddress,
      }),
      ...(call.id !== undefined && { 'vts.request.id': call.id }),
    };
    const startTime = performance.timeOrigin + call.arrivedAt;
    const name = call.path.slice(1);
    const span = tracer.startSpan(name, { kind: SpanKind.SERVER, startTime, attributes }, parent);
    tell(call, span.spanContext());
    if (!span.isRecording()) return;
    this.#spans.set(call, span);
    call.traceContext = trace.setSpan(parent, span);
  }

  /** Serves the call in the context of its span. */
  within<T>(call: GrpcCall, work: () => T): T {
    const { traceContext } = call;
    const api = traceContext === undefined ? undefined : openTelemetry();
    return api === undefined ? work() : api.context.with(traceContext as Context, work);
  }

  end(call: GrpcCall): void {
    const span = this.#spans.get(call);
    if (span === undefined) return;
    const { code = CODES.CANCELLED } = call;
    span.setAttribute('rpc.grpc.status_code', code);
    if (code === CODES.CANCELLED) span.setAttribute('error.type', 'client_left');
    if (SERVERS_FAULT.has(code)) {
      span.setAttribute('error.type', call.grpcStatus);
      span.setStatus({ code: 2 satisfies SpanStatusCode.ERROR });
    }
    span.end();
  }
}

const getter: TextMapGetter<GrpcCall> = {
  get: ({ metadata }, key) => textOf(metadata, key),
  keys: ({ metadata }) => Object.keys(metadata.getMap()),
};

/** Read by the application's propagators, or without any from `traceparent`. */
function parentOf({ context, propagation, ROOT_CONTEXT, trace }: OpenTelemetry, call: GrpcCall) {
  const extracted = propagation.extract(ROOT_CONTEXT, call, getter);
  if (trace.getSpanContext(extracted) !== undefined) return extracted;
  const remote = parseTraceparent(textOf(call.metadata, 'traceparent'));
  return remote === undefined ? context.active() : trace.setSpanContext(ROOT_CONTEXT, remote);
}

function tell(call: GrpcCall, spanContext: SpanContext): void {
  if (!isValid(spanContext)) return;
  call.traceId = spanContext.traceId;
  call.traceparent = traceparentOf(spanContext);
}
