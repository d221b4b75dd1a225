import * as grpc from '@grpc/grpc-js';
import { Module, type INestApplicationContext, type Provider } from '@nestjs/common';
import { ApplicationConfig, ExternalContextCreator, NestFactory } from '@nestjs/core';
import { Registry } from 'prom-client';
import { loadInferenceDefinition } from '../../lib/client/grpc/definition.js';
import type { VtsGrpcOptions } from '../../lib/nest/open-inference/grpc/grpc-options.js';
import { GrpcService } from '../../lib/nest/open-inference/grpc/grpc-service.js';
import { resolveMetricsOptions } from '../../lib/nest/observability/metrics/metrics-options.js';
import type { VtsModuleOptions } from '../../lib/nest/vts-module-options.interface.js';
import type { InferenceService } from '../../lib/serving/open-inference/contract.js';

export interface GrpcAnswer<T> {
  readonly response: T;
  readonly metadata: grpc.Metadata;
  readonly trailers: grpc.Metadata;
}

export interface ServedGrpc {
  readonly served: GrpcService;
  readonly port: number;
  readonly registry: Registry;
  readonly client: grpc.Client;
  /** A call of one message, with grpc-js's own client. */
  call<T>(
    name: string,
    request: object,
    metadata?: Record<string, string>,
    options?: grpc.CallOptions,
  ): Promise<GrpcAnswer<T>>;
  stream(metadata?: Record<string, string>): grpc.ClientDuplexStream<Buffer, Buffer>;
  /** What the server thinks of itself, for health. */
  readonly state: { ready: boolean; shuttingDown: boolean };
  stop(drainMs?: number, timeoutMs?: number): Promise<void>;
}

/** A gRPC server over a service, in an application that has nothing else. */
export async function serveGrpc(
  service: InferenceService,
  {
    grpc: grpcOptions = {},
    module = {},
    providers = [],
  }: {
    grpc?: Partial<VtsGrpcOptions>;
    module?: VtsModuleOptions;
    providers?: Provider[];
  } = {},
): Promise<ServedGrpc> {
  @Module({ providers })
  class GrpcTestModule {}
  const app: INestApplicationContext = await NestFactory.createApplicationContext(GrpcTestModule, {
    logger: false,
    abortOnError: false,
  });
  const state = { ready: true, shuttingDown: false };
  const registry = new Registry();
  const served = await GrpcService.start({
    grpcOptions: { port: 0, host: '127.0.0.1', ...grpcOptions },
    moduleOptions: { accessLog: false, ...module },
    service,
    contexts: app.get(ExternalContextCreator),
    config: app.get(ApplicationConfig),
    metrics: resolveMetricsOptions(true),
    registry,
    ready: () => state.ready && !state.shuttingDown,
    shuttingDown: () => state.shuttingDown,
  });
  const port = served.port ?? 0;
  const client = await inferenceClient(
    grpcOptions.host?.startsWith('unix:') ? grpcOptions.host : `127.0.0.1:${port}`,
  );
  return {
    served,
    port,
    registry,
    client,
    state,
    call: (name, request, metadata, options) => callOf(client, name, request, metadata, options),
    stream: (metadata) =>
      (client as unknown as Record<string, (given: grpc.Metadata) => never>)['ModelStreamInfer']!(
        metadataOf(metadata),
      ),
    async stop(drainMs = 0, timeoutMs = 1000) {
      client.close();
      state.shuttingDown = true;
      await served.stop(drainMs, timeoutMs);
      await app.close();
    },
  };
}

/** A client of the service, with bytes for tensors. */
export async function inferenceClient(
  target: string,
  options: grpc.ClientOptions = {},
  credentials = grpc.credentials.createInsecure(),
): Promise<grpc.Client> {
  const { service } = await loadInferenceDefinition();
  const Client = grpc.makeGenericClientConstructor(service, 'Inference');
  return new Client(target, credentials, {
    'grpc.max_receive_message_length': -1,
    'grpc.use_local_subchannel_pool': 1,
    ...options,
  });
}

export function callOf<T>(
  client: grpc.Client,
  name: string,
  request: object,
  given: Record<string, string> = {},
  options: grpc.CallOptions = {},
): Promise<GrpcAnswer<T>> {
  return new Promise((resolve, reject) => {
    let metadata = new grpc.Metadata();
    let trailers = new grpc.Metadata();
    let response: T;
    const method = (client as unknown as Record<string, (...args: unknown[]) => unknown>)[name]!;
    const call = method.call(
      client,
      request,
      metadataOf(given),
      options,
      (error: grpc.ServiceError | null, answer: T) => {
        if (error !== null) return reject(error);
        response = answer;
      },
    ) as grpc.ClientUnaryCall;
    call.on('metadata', (head: grpc.Metadata) => (metadata = head));
    call.on('status', (status: grpc.StatusObject) => {
      trailers = status.metadata;
      // The callback comes right after it.
      if (status.code === 0) setImmediate(() => resolve({ response, metadata, trailers }));
    });
  });
}

function metadataOf(given: Record<string, string> = {}): grpc.Metadata {
  const metadata = new grpc.Metadata();
  for (const [name, value] of Object.entries(given)) metadata.set(name, value);
  return metadata;
}
