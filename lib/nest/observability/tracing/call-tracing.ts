import type { Attributes, Context } from '@opentelemetry/api';
import {
  traceCallsWith,
  traceSentWith,
  type CallTrace,
  type SentFacts,
  type SentTrace,
} from '../../../serving/runtime/call-trace.js';
import { epochMs } from '../../../learner/runtime/phases.js';
import { requestScope } from '../../../serving/runtime/request-scope.js';
import { openTelemetry, type OpenTelemetry } from './opentelemetry.js';
import { TRACER } from './request-tracing.js';
import { traceparentOf } from './traceparent.js';

/**
 * Records spans of runner calls: `queue` while a call waits for a worker, and the steps of the
 * worker by its own clock. Their parent is the active span of the caller, or else the span of the
 * request.
 */
export function traceCalls(): void {
  traceCallsWith((runner, method) => {
    const api = openTelemetry();
    const parent = api && recordingContext(api);
    return api === undefined || parent === undefined
      ? undefined
      : traceOf(api, parent, { 'vts.runner': runner, 'vts.method': method });
  });
}

function recordingContext({ context, trace }: OpenTelemetry): Context | undefined {
  const active = context.active();
  if (trace.getSpan(active)?.isRecording()) return active;
  // The application's SDK may have no context manager.
  return requestScope.getStore()?.traceContext as Context | undefined;
}

function traceOf(
  { SpanStatusCode, trace }: OpenTelemetry,
  parent: Context,
  call: Attributes,
): CallTrace {
  const queued = epochMs();
  const tracer = trace.getTracer(TRACER);
  const span = (
    name: string,
    start: number,
    end: number,
    attributes: Attributes,
    error?: unknown,
  ) => {
    const made = tracer.startSpan(name, { startTime: start, attributes }, parent);
    if (error !== undefined) {
      if (error instanceof Error) made.setAttribute('error.type', error.name);
      made.setStatus({
        code: SpanStatusCode.ERROR,
        ...(error instanceof Error ? { message: error.message } : {}),
      });
    }
    made.end(end);
  };
  return {
    end({ timing, batch, error }) {
      const now = epochMs();
      if (timing === undefined) return span('queue', queued, now, call, error);
      const [start, stop] = [timing.startedAt, timing.startedAt + timing.runMs];
      // Clocks of threads may differ slightly, but time must not run backwards.
      span('queue', queued, Math.max(queued, start), call, timing.elsewhere && error);
      if (timing.elsewhere) return;
      const attributes: Attributes =
        batch === undefined
          ? call
          : { ...call, 'vts.batch.rows': batch.rows, 'vts.batch.calls': batch.calls };
      const phases = [...(timing.phases ?? [])];
      // For code without a session, such as the application's own runnable, the whole run is one
      // step.
      if (!phases.some(({ name }) => name === 'run')) {
        phases.push({ name: 'run', start: phases.at(-1)?.end ?? start, end: stop });
      }
      for (const [index, { name, start: from, end: to }] of phases.entries()) {
        span(name, from, to, attributes, index === phases.length - 1 ? error : undefined);
      }
    },
  };
}

/**
 * Records a span of each call to a server, and sends the span and the request id with it. Without
 * `spans` it sends the request's own `traceparent`.
 */
export function traceSent(spans: boolean): void {
  traceSentWith((sent) => {
    const scope = requestScope.getStore();
    const id = scope?.requestId;
    const headers: Record<string, string> = id === undefined ? {} : { 'x-request-id': id };
    const api = spans ? openTelemetry() : undefined;
    const parent = api && recordingContext(api);
    if (api !== undefined && parent !== undefined) return spanOf(api, parent, sent, headers);
    if (scope?.traceparent !== undefined) headers['traceparent'] = scope.traceparent;
    return { headers, end: () => undefined };
  });
}

function spanOf(
  { SpanKind, SpanStatusCode, propagation, trace }: OpenTelemetry,
  parent: Context,
  { runner, method, url, address }: SentFacts,
  headers: Record<string, string>,
): SentTrace {
  const attributes = {
    'vts.runner': runner,
    'vts.method': method,
    'vts.remote': url,
    'server.address': address,
  };
  const span = trace
    .getTracer(TRACER)
    .startSpan('remote', { kind: SpanKind.CLIENT, attributes }, parent);
  propagation.inject(trace.setSpan(parent, span), headers);
  // The application may have no propagator.
  headers['traceparent'] ??= traceparentOf(span.spanContext());
  return {
    headers,
    end(error) {
      if (error instanceof Error) {
        span.setAttribute('error.type', error.name);
        span.setStatus({ code: SpanStatusCode.ERROR, message: error.message });
      }
      span.end();
    },
  };
}
