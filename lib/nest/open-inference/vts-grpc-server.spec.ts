import {
  credentials,
  makeGenericClientConstructor,
  type ServiceDefinition,
  type ServiceError,
} from '@grpc/grpc-js';
import { context, propagation, trace } from '@opentelemetry/api';
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks';
import { W3CTraceContextPropagator } from '@opentelemetry/core';
import {
  BasicTracerProvider,
  InMemorySpanExporter,
  SimpleSpanProcessor,
} from '@opentelemetry/sdk-trace-base';
import { Logger, type INestApplication } from '@nestjs/common';
import { Tensor } from 'onnxruntime-common';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { loadInferenceDefinition } from '../../client/grpc/definition.js';
import { openInferenceApp } from '../../../test/helpers/open-inference-app.js';
import { callOf, inferenceClient } from '../../../test/helpers/grpc-service.js';
import { runner, servedRunners } from '../../../test/helpers/served-runners.js';
import { checkModuleOptions } from '../check-module-options.js';
import { AccessLogEntry } from '../observability/access-log.js';
import type { VtsModuleOptions } from '../vts-module-options.interface.js';
import { VtsGrpcServer } from './vts-grpc-server.js';

const open: INestApplication[] = [];

afterEach(async () => {
  for (const app of open.splice(0)) await app.close();
  vi.restoreAllMocks();
});

/** Triton's model "simple": a sum and a difference. */
function simple() {
  const call = async (item: unknown): Promise<Tensor[]> => {
    const [a, b] = Object.values(item as Record<string, Tensor>).map(
      ({ data }) => data as Int32Array,
    ) as [Int32Array, Int32Array];
    const sum = a.map((value, at) => value + b[at]!);
    const difference = a.map((value, at) => value - b[at]!);
    return [sum, difference].map((data) => new Tensor('int32', data, [1, 16]));
  };
  const tensors = (as: string) =>
    [0, 1].map((at) => ({ name: `${as}${at}`, dtype: 'int32', shape: [null, 16] }));
  return Object.assign(runner('simple', new Map([['__call__', call]])), {
    inputs: tensors('INPUT'),
    outputs: tensors('OUTPUT'),
    maxBatchSize: 8,
  });
}

async function start(options: VtsModuleOptions = {}): Promise<{ port: number; http: string }> {
  const app = await openInferenceApp('express', servedRunners({ simple: simple() }), {
    openInference: { grpc: { port: 0, host: '127.0.0.1' } },
    ...options,
  });
  open.push(app);
  const { port } = app.get(VtsGrpcServer);
  expect(port).toBeGreaterThan(0);
  return { port: port!, http: await app.getUrl() };
}

const request = {
  model_name: 'simple',
  inputs: [0, 1].map((at) => ({
    name: `INPUT${at}`,
    datatype: 'INT32',
    shape: [1, 16],
    contents: { int_contents: Array.from({ length: 16 }, (_, i) => (at === 0 ? i : 1)) },
  })),
  outputs: [{ name: 'OUTPUT0' }, { name: 'OUTPUT1' }],
};

/** As Triton's client in JavaScript does: messages by the .proto, with grpc-js and proto-loader alone. */
async function infer(port: number): Promise<{ raw_output_contents: Buffer[] }> {
  const { packageDefinition } = await loadInferenceDefinition();
  const service = packageDefinition['inference.GRPCInferenceService'] as ServiceDefinition;
  const Client = makeGenericClientConstructor(service, 'GRPCInferenceService');
  const client = new Client(`127.0.0.1:${port}`, credentials.createInsecure());
  try {
    return await new Promise((resolve, reject) => {
      (client as unknown as Record<string, (...given: unknown[]) => void>)['ModelInfer']!(
        request,
        (error: ServiceError | null, response: never) =>
          error === null ? resolve(response) : reject(error),
      );
    });
  } finally {
    client.close();
  }
}

describe('VtsGrpcServer', () => {
  it("serves Triton's JavaScript client: typed contents in, raw ones out", async () => {
    const { port } = await start();
    const { raw_output_contents: raw } = await infer(port);
    const numbers = raw.map((bytes) => [...new Int32Array(new Uint8Array(bytes).buffer)]);
    const counting = Array.from({ length: 16 }, (_, i) => i);
    expect(numbers).toEqual([counting.map((i) => i + 1), counting.map((i) => i - 1)]);
  });

  it('is in the metrics and the access log of the application', async () => {
    const lines: unknown[] = [];
    vi.spyOn(Logger.prototype, 'log').mockImplementation((line: unknown) => void lines.push(line));
    vi.spyOn(Logger, 'isLevelEnabled').mockReturnValue(true);
    const { port, http } = await start();
    await infer(port);
    await expect
      .poll(() => lines.find((line) => line instanceof AccessLogEntry))
      .toMatchObject({
        method: 'POST',
        path: '/inference.GRPCInferenceService/ModelInfer',
        status: 200,
        grpcStatus: 'OK',
        remoteAddress: '127.0.0.1',
      });
    const metrics = await (await fetch(`${http}/metrics`)).text();
    expect(metrics).toContain(
      'vts_grpc_requests_total{method="inference.GRPCInferenceService/ModelInfer",status="OK"} 1',
    );
  });

  it('ends with the application', async () => {
    const { port } = await start();
    await open.pop()!.close();
    const client = await inferenceClient(`127.0.0.1:${port}`);
    await expect(callOf(client, 'ServerLive', {})).rejects.toMatchObject({ code: 14 });
    client.close();
  });

  it('has spans like those of HTTP requests', async () => {
    const exporter = new InMemorySpanExporter();
    const provider = new BasicTracerProvider({
      spanProcessors: [new SimpleSpanProcessor(exporter)],
    });
    context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
    propagation.setGlobalPropagator(new W3CTraceContextPropagator());
    trace.setGlobalTracerProvider(provider);
    try {
      const { port } = await start();
      const client = await inferenceClient(`127.0.0.1:${port}`);
      const parent = `00-${'a'.repeat(32)}-${'b'.repeat(16)}-01`;
      const ready = { name: 'simple' };
      const answer = await callOf(client, 'ModelReady', ready, { traceparent: parent });
      const unknown = callOf(client, 'ModelMetadata', { name: 'none' }, { traceparent: parent });
      await expect(unknown).rejects.toMatchObject({ code: 5 });
      client.close();
      await expect.poll(() => exporter.getFinishedSpans().length).toBe(2);
      const [first, second] = exporter.getFinishedSpans();
      expect(first).toMatchObject({
        name: 'inference.GRPCInferenceService/ModelReady',
        parentSpanContext: { traceId: 'a'.repeat(32), spanId: 'b'.repeat(16) },
        attributes: {
          'rpc.system': 'grpc',
          'rpc.service': 'inference.GRPCInferenceService',
          'rpc.method': 'ModelReady',
          'rpc.grpc.status_code': 0,
        },
      });
      const { traceId, spanId } = first!.spanContext();
      expect(answer.metadata.get('traceresponse')).toEqual([`00-${traceId}-${spanId}-01`]);
      expect(second!.attributes['rpc.grpc.status_code']).toBe(5);
    } finally {
      trace.disable();
      context.disable();
      propagation.disable();
    }
  });

  it.each([
    [{ port: -1 }, /openInference\.grpc\.port is -1; use a port from 0 to 65535/],
    [{ port: 0, other: true }, /"other" is not an option/],
    [{ port: 0, credentials: 'tls' }, /credentials is not an object/],
    [{ port: 0, credentials: { cert: 'a.pem', key: 'b.pem' } }, /credentials\.cert is not PEM/],
    [{ port: 0, maxMessageBytes: 0 }, /maxMessageBytes is 0/],
    [{ port: 0, keepaliveMs: -1 }, /keepaliveMs is -1/],
  ])('refuses the options %j', (grpc, message) => {
    const options = { openInference: { grpc } } as unknown as VtsModuleOptions;
    expect(() => checkModuleOptions(options)).toThrow(message);
  });
});
