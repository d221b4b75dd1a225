import type { Context, Span } from '@opentelemetry/api';
import { openTelemetry } from '../observability/tracing/opentelemetry.js';
import { sdkTracer } from '../observability/tracing/request-tracing.js';
import { parseTraceparent, traceparentOf } from '../observability/tracing/traceparent.js';
import type { JobScope } from './job-scope.js';
import type { Begun } from './job-store.js';

/**
 * The span of a run, with a link to the request that submitted the job. That request has ended, so
 * it is not the parent. Without an SDK, the calls of the run continue the request's trace.
 */
export class JobSpan {
  readonly #span: Span | undefined;
  readonly #inside: Context | undefined;

  constructor(
    scope: JobScope,
    { traceparent, requestId, attempts }: Omit<Begun, 'input'>,
    recorded: boolean,
  ) {
    const from = parseTraceparent(traceparent);
    scope.traceparent = from && traceparentOf(from);
    const api = recorded ? openTelemetry() : undefined;
    const tracer = api && sdkTracer(api);
    if (api === undefined || tracer === undefined) return;
    const { ROOT_CONTEXT, SpanKind, trace } = api;
    const span = tracer.startSpan(
      `job ${scope.name}`,
      {
        kind: SpanKind.CONSUMER,
        links: from === undefined ? [] : [{ context: from }],
        attributes: {
          'vts.job.id': scope.id,
          'vts.job.name': scope.name,
          'vts.job.attempt': attempts,
          ...(requestId !== undefined && { 'vts.request.id': requestId }),
        },
      },
      ROOT_CONTEXT,
    );
    scope.traceparent = traceparentOf(span.spanContext());
    if (!span.isRecording()) return;
    this.#span = span;
    this.#inside = scope.traceContext = trace.setSpan(ROOT_CONTEXT, span);
  }

  run<T>(work: () => Promise<T>): Promise<T> {
    const api = this.#inside && openTelemetry();
    return api === undefined ? work() : api.context.with(this.#inside as Context, work);
  }

  end(error?: unknown): void {
    const span = this.#span;
    if (span === undefined) return;
    if (error !== undefined) {
      span.setAttribute('error.type', error instanceof Error ? error.name : 'Error');
      span.setStatus({ code: 2 });
    }
    span.end();
  }
}
