import {
  Inject,
  Injectable,
  type BeforeApplicationShutdown,
  type OnApplicationBootstrap,
} from '@nestjs/common';
import { ApplicationConfig, ExternalContextCreator, ModuleRef } from '@nestjs/core';
import type { Registry } from 'prom-client';
import type { InferenceService } from '../../serving/open-inference/contract.js';
import { DEFAULT_SHUTDOWN_TIMEOUT_MS, Shutdown } from '../http/shutdown.js';
import type { ResolvedMetricsOptions } from '../observability/metrics/metrics-options.js';
import { Readiness } from '../observability/readiness.js';
import {
  VTS_METRICS_OPTIONS,
  VTS_METRICS_REGISTRY,
  VTS_MODULE_OPTIONS,
  VTS_OPEN_INFERENCE,
} from '../vts.constants.js';
import type { VtsModuleOptions } from '../vts-module-options.interface.js';
import type { GrpcService } from './grpc/grpc-service.js';
import { INFERENCE_SERVICE } from './inference-service.js';
import type { OpenInferenceOptions } from './open-inference-options.js';

/**
 * The gRPC server of an application that has `openInference.grpc`. It listens once the application
 * is initialized (`app.listen()`, `app.init()`) and all models are loaded, until the application
 * shuts down.
 *
 * @example
 * await app.listen(3000);
 * const { port } = app.get(VtsGrpcServer);
 *
 * @publicApi
 */
@Injectable()
export class VtsGrpcServer implements OnApplicationBootstrap, BeforeApplicationShutdown {
  #service: GrpcService | undefined;

  /** @internal */
  constructor(
    @Inject(VTS_MODULE_OPTIONS) private readonly options: VtsModuleOptions,
    @Inject(VTS_OPEN_INFERENCE) private readonly resolved: OpenInferenceOptions | undefined,
    @Inject(VTS_METRICS_OPTIONS) private readonly metrics: ResolvedMetricsOptions | undefined,
    @Inject(VTS_METRICS_REGISTRY) private readonly registry: Registry,
    @Inject(Readiness) private readonly readiness: Readiness,
    @Inject(Shutdown) private readonly shutdown: Shutdown,
    @Inject(ModuleRef) private readonly modules: ModuleRef,
    @Inject(ApplicationConfig) private readonly config: ApplicationConfig,
    @Inject(ExternalContextCreator) private readonly contexts: ExternalContextCreator,
  ) {}

  /**
   * The port of the server. It is undefined without a server, and on a Unix socket.
   */
  get port(): number | undefined {
    return this.#service?.port;
  }

  /** @internal */
  async onApplicationBootstrap(): Promise<void> {
    const { grpc } = this.resolved ?? {};
    if (grpc === undefined) return;
    // Applications without it do not load any gRPC code.
    const { GrpcService } = await import('./grpc/grpc-service.js');
    this.#service = await GrpcService.start({
      grpcOptions: grpc,
      moduleOptions: this.options,
      service: this.modules.get<InferenceService>(INFERENCE_SERVICE, { strict: false }),
      contexts: this.contexts,
      config: this.config,
      metrics: this.metrics,
      registry: this.registry,
      ready: () => this.readiness.obstacle === undefined,
      shuttingDown: () => this.shutdown.begun,
    });
  }

  /** @internal */
  async beforeApplicationShutdown(): Promise<void> {
    const { shutdownTimeoutMs = DEFAULT_SHUTDOWN_TIMEOUT_MS, drainMs = 0 } = this.options;
    await this.#service?.stop(drainMs, shutdownTimeoutMs);
  }
}
