import { context, trace } from '@opentelemetry/api';
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks';
import {
  BasicTracerProvider,
  InMemorySpanExporter,
  SimpleSpanProcessor,
} from '@opentelemetry/sdk-trace-base';
import { afterEach, describe, expect, it } from 'vitest';
import { traceSent as sent, traceSentWith } from '../../../serving/runtime/call-trace.js';
import { RequestScope, requestScope } from '../../../serving/runtime/request-scope.js';
import { traceSent } from './call-tracing.js';

const FACTS = {
  runner: 'text:latest',
  method: 'predict',
  url: 'dns:///models:8081',
  address: '10.0.0.1:8081',
};
const TRACEPARENT = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01';

describe('traceSent', () => {
  afterEach(() => {
    traceSentWith(undefined);
    trace.disable();
    context.disable();
  });

  it('sends the id and the trace of the request with a call', () => {
    traceSent(true);
    expect(sent(FACTS)?.headers).toEqual({});
    const scope = new RequestScope();
    scope.requestId = 'a-1';
    scope.traceparent = TRACEPARENT;
    expect(requestScope.run(scope, () => sent(FACTS)?.headers)).toEqual({
      'x-request-id': 'a-1',
      traceparent: TRACEPARENT,
    });
  });

  it('records a span of each call, and sends it with the call', () => {
    const exporter = new InMemorySpanExporter();
    const provider = new BasicTracerProvider({
      spanProcessors: [new SimpleSpanProcessor(exporter)],
    });
    trace.setGlobalTracerProvider(provider);
    context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
    traceSent(true);
    const parent = provider.getTracer('test').startSpan('request');
    const call = context.with(trace.setSpan(context.active(), parent), () => sent(FACTS));
    call?.end(new TypeError('it is down'));
    const [span] = exporter.getFinishedSpans();
    expect(span).toMatchObject({
      name: 'remote',
      parentSpanContext: { spanId: parent.spanContext().spanId },
      status: { code: 2, message: 'it is down' },
      attributes: {
        'vts.runner': 'text:latest',
        'vts.method': 'predict',
        'vts.remote': 'dns:///models:8081',
        'server.address': '10.0.0.1:8081',
        'error.type': 'TypeError',
      },
    });
    const { traceId, spanId } = span!.spanContext();
    expect(call?.headers).toEqual({ traceparent: `00-${traceId}-${spanId}-01` });
    // Without tracing the spans of the application are left alone.
    traceSent(false);
    expect(
      context.with(trace.setSpan(context.active(), parent), () => sent(FACTS)?.headers),
    ).toEqual({});
  });
});
