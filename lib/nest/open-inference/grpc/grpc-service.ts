import { setTimeout as delay } from 'node:timers/promises';
import type * as Grpc from '@grpc/grpc-js';
import type { ConnectionInjector, Server, ServerCredentials } from '@grpc/grpc-js';
import { Logger } from '@nestjs/common';
import type { ApplicationConfig, ExternalContextCreator } from '@nestjs/core';
import type { Registry } from 'prom-client';
import { loadInferenceDefinition } from '../../../client/grpc/definition.js';
import { loadGrpc } from '../../../client/grpc/load.js';
import type { InferenceService } from '../../../serving/open-inference/contract.js';
import { DEFAULT_TIMEOUT_MS } from '../../../serving/runner/runner-options.js';
import { DEFAULT_MAX_BODY_BYTES } from '../../http/endpoint.js';
import { atMost } from '../../http/closing-server.js';
import { InvalidModuleOptionError } from '../../http/errors.js';
import { logFailure } from '../../observability/log-failure.js';
import type { ResolvedMetricsOptions } from '../../observability/metrics/metrics-options.js';
import { VTS_LOG_CONTEXT } from '../../vts.constants.js';
import type { VtsModuleOptions } from '../../vts-module-options.interface.js';
import { withBytes } from './bytes-service.js';
import { Connections } from './connections.js';
import { GrpcCalls } from './grpc-calls.js';
import { GrpcObserver } from './grpc-observer.js';
import { isTls, type VtsGrpcOptions } from './grpc-options.js';
import { GrpcGuards } from './guards.js';
import { GrpcHealth } from './health.js';
import { inferenceMethods } from './inference-methods.js';

const DEFAULT_HOST = '0.0.0.0';
const DEFAULT_KEEPALIVE_MS = 60_000;
const LONGEST_KEEPALIVE_TIMEOUT_MS = 20_000;
const DEFAULT_STREAMS = 1000;
/** The time to answer calls that were given up. */
const LAST_ANSWERS_MS = 2000;

/** The parts of the server. */
export interface GrpcServiceParts {
  readonly grpcOptions: VtsGrpcOptions;
  readonly moduleOptions: VtsModuleOptions;
  readonly service: InferenceService;
  readonly contexts: ExternalContextCreator;
  readonly config: ApplicationConfig;
  readonly metrics: ResolvedMetricsOptions | undefined;
  readonly registry: Registry;
  /** Whether requests should be sent to this process. */
  readonly ready: () => boolean;
  readonly shuttingDown: () => boolean;
}

/** The gRPC server of an application. */
export class GrpcService {
  readonly #server: Server;
  readonly #injector: ConnectionInjector;
  readonly #connections: Connections;
  readonly #calls: GrpcCalls;
  readonly #observer: GrpcObserver;
  readonly #health: GrpcHealth;
  readonly #host: string;
  readonly #logger = new Logger(VTS_LOG_CONTEXT);
  port: number | undefined;

  /** @throws InvalidModuleOptionError, GrpcListenError */
  static async start(parts: GrpcServiceParts): Promise<GrpcService> {
    const made = new GrpcService(parts, await loadInferenceDefinition());
    await made.#listen(parts.grpcOptions.port);
    return made;
  }

  private constructor(
    parts: GrpcServiceParts,
    definition: Awaited<ReturnType<typeof loadInferenceDefinition>>,
  ) {
    const packages = loadGrpc();
    const { grpc } = packages;
    const { grpcOptions, moduleOptions, service, ready } = parts;
    const { timeoutMs = DEFAULT_TIMEOUT_MS, maxBodyBytes = DEFAULT_MAX_BODY_BYTES } = moduleOptions;
    const { host = DEFAULT_HOST, maxMessageBytes = maxBodyBytes, reflection = true } = grpcOptions;
    const { health = true, maxConnections, maxConnectionAgeMs } = grpcOptions;
    const { keepaliveMs = DEFAULT_KEEPALIVE_MS, maxConcurrentStreams = DEFAULT_STREAMS } =
      grpcOptions;
    const guards = new GrpcGuards(parts.contexts, parts.config);
    const healthPath = '/grpc.health.v1.Health/';
    this.#host = host;
    const interceptor: Grpc.ServerInterceptor = (method, next) =>
      this.#calls.interceptor(method, next);
    this.#server = new grpc.Server({
      interceptors: [interceptor],
      'grpc.max_receive_message_length': maxMessageBytes,
      // Answers are limited where they are created.
      'grpc.max_send_message_length': -1,
      'grpc.max_concurrent_streams': maxConcurrentStreams,
      'grpc.enable_channelz': 0,
      ...(keepaliveMs > 0 && {
        'grpc.keepalive_time_ms': keepaliveMs,
        'grpc.keepalive_timeout_ms': Math.min(keepaliveMs, LONGEST_KEEPALIVE_TIMEOUT_MS),
      }),
      ...(maxConnectionAgeMs !== undefined && {
        'grpc.max_connection_age_ms': maxConnectionAgeMs,
      }),
    });
    this.#injector = this.#server.createConnectionInjector(credentialsOf(grpc, grpcOptions));
    this.#connections = new Connections(this.#injector, { maxConnections });
    const { registry, metrics } = parts;
    this.#observer = new GrpcObserver(moduleOptions, metrics, registry, this.#connections);
    this.#calls = new GrpcCalls({
      grpc,
      observer: this.#observer,
      guards,
      connections: this.#connections,
      timeoutMs,
      isProbe: (path) => path.startsWith(healthPath),
      tell: (error, { id }) => logFailure(this.#logger, error, id),
    });
    const context = { calls: this.#calls, observer: this.#observer };
    this.#server.addService(
      withBytes(definition.service),
      inferenceMethods({ ...context, service, definition: definition.service, timeoutMs, ready }),
    );
    this.#health = new GrpcHealth({
      ready,
      models: () => service.models(),
      modelReady: (name) => !parts.shuttingDown() && service.modelReady(name, ''),
    });
    if (health) this.#server.addService(packages.health.service, this.#health.methods);
    if (reflection) {
      const { packageDefinition } = definition;
      new packages.reflection.ReflectionService(packageDefinition).addToServer(this.#server);
    }
  }

  /**
   * Accepts calls for another `drainMs`, then tells clients to use other servers. Calls in progress
   * may end. Those that take longer than `shutdownTimeoutMs` end with UNAVAILABLE.
   */
  async stop(drainMs: number, shutdownTimeoutMs: number): Promise<void> {
    this.#health.refresh();
    if (drainMs > 0) await delay(drainMs);
    const deadline = setTimeout(() => this.#calls.refuse(), shutdownTimeoutMs);
    await this.#connections.stopListening();
    this.#health.close();
    this.#calls.endStreams();
    const most = shutdownTimeoutMs + LAST_ANSWERS_MS;
    // GOAWAY: clients send the calls of the meantime again, to another server.
    this.#injector.drain(most);
    await atMost(this.#connections.whenClosed(), most);
    clearTimeout(deadline);
    this.#connections.destroy();
    this.#server.forceShutdown();
    this.#observer.flush();
  }

  async #listen(port: number): Promise<void> {
    this.port = await this.#connections.listen(this.#host, port);
    const where = this.port === undefined ? this.#host : `${this.#host}:${this.port}`;
    this.#logger.log(`gRPC listens on ${where}`);
  }
}

/** @throws InvalidModuleOptionError */
function credentialsOf(grpc: typeof Grpc, { credentials }: VtsGrpcOptions): ServerCredentials {
  const { ServerCredentials } = grpc;
  if (credentials === undefined) return ServerCredentials.createInsecure();
  const option = '"openInference.grpc.credentials"';
  if (isTls(credentials)) {
    const { cert, key, clientCa } = credentials;
    const ca = clientCa === undefined ? null : Buffer.from(clientCa);
    const pair = { cert_chain: Buffer.from(cert), private_key: Buffer.from(key) };
    return ServerCredentials.createSsl(ca, [pair], ca !== null);
  }
  if (credentials instanceof ServerCredentials) return credentials;
  throw new InvalidModuleOptionError(
    option,
    'are not ServerCredentials of the @grpc/grpc-js in use',
    'install @grpc/grpc-js once, beside nestjs-vts, or give { cert, key }',
  );
}
