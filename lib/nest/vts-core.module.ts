import {
  ConfigurableModuleBuilder,
  Inject,
  Module,
  type DynamicModule,
  type NestModule,
  type Provider,
} from '@nestjs/common';
import { DiscoveryModule, ModulesContainer } from '@nestjs/core';
import { getRunnerToken } from './decorators/get-runner-token.js';
import { runnerToken } from './injection/runner-token.js';
import { RunnableClassesStorage } from '../serving/models/custom/runnable-classes.storage.js';
import { RunnerTagsStorage } from './injection/runner-tags.storage.js';
import type { VtsModuleExtras, VtsModuleOptions } from './vts-module-options.interface.js';
import type { RunnableClass } from '../serving/models/custom/definition.js';
import { RunnableRegistry } from './injection/runnable.registry.js';
import { RunnerRegistry } from './injection/runner.registry.js';
import { ErrorContract } from './http/error-contract.js';
import { DuplicateRootError } from './http/errors.js';
import { healthController } from './observability/health.controller.js';
import { resolveHealthPaths } from './observability/health-options.js';
import {
  openInferenceImports,
  openInferenceOptions,
} from './open-inference/open-inference-imports.js';
import { VtsGrpcServer } from './open-inference/vts-grpc-server.js';
import { jobsImports, jobsOptions, refuseJobsWithoutQueue } from './jobs/jobs-imports.js';
import type { ResolvedJobsOptions } from './jobs/jobs-options.js';
import { HttpObserver } from './observability/http-observer.js';
import { InfrastructureRoutes } from './observability/infrastructure-routes.js';
import { Metrics } from './observability/metrics/metrics.js';
import { promClient } from './observability/metrics/prom-client.js';
import { metricsController } from './observability/metrics/metrics.controller.js';
import { resolveMetricsOptions } from './observability/metrics/metrics-options.js';
import { Readiness } from './observability/readiness.js';
import { ParseThreadUser } from './http/parse-thread-user.js';
import { PlatformHost } from './http/platform-host.js';
import { Requests } from './http/requests.js';
import { Shutdown } from './http/shutdown.js';
import { ModelStore } from '../serving/store/index.js';
import { checkModuleOptions } from './check-module-options.js';
import {
  VTS_HEALTH_PATHS,
  VTS_JOBS,
  VTS_METRICS_OPTIONS,
  VTS_METRICS_REGISTRY,
  VTS_MODULE_OPTIONS,
  VTS_OPEN_INFERENCE,
  VTS_RUNNABLES,
} from './vts.constants.js';

const configurable = new ConfigurableModuleBuilder<VtsModuleOptions>({
  optionsInjectionToken: VTS_MODULE_OPTIONS,
})
  .setClassMethodName('forRoot')
  .setFactoryMethodName('createVtsOptions')
  .setExtras<VtsModuleExtras>(
    { health: true, metrics: true, runnables: [], openInference: false, jobs: false },
    withExtras,
  )
  .build();

export const { OPTIONS_TYPE, ASYNC_OPTIONS_TYPE } = configurable;

/**
 * The parts that an application has once: the store, the runners, the probes. They are created when
 * the application is scanned, because every class that injects a runner has been declared by then.
 */
@Module({
  imports: [DiscoveryModule],
  providers: [
    {
      provide: ModelStore,
      // The options of the protocol and of jobs are checked by that as well.
      inject: [VTS_MODULE_OPTIONS, VTS_RUNNABLES, VTS_OPEN_INFERENCE, VTS_JOBS],
      // A bundle contains its models, wherever the app looked for them before.
      useFactory: (options: VtsModuleOptions, runnables: readonly RunnableClass[]) => {
        const { home } = checkModuleOptions(options, runnables);
        return new ModelStore(process.env['VTS_BUNDLE_HOME'] ?? home);
      },
    },
    { provide: VTS_METRICS_REGISTRY, useFactory: () => new (promClient().Registry)() },
    RunnableRegistry,
    RunnerRegistry,
    InfrastructureRoutes,
    Metrics,
    HttpObserver,
    PlatformHost,
    ErrorContract,
    Requests,
    ParseThreadUser,
    Shutdown,
    Readiness,
    VtsGrpcServer,
  ],
  exports: [
    ModelStore,
    RunnerRegistry,
    RunnableRegistry,
    PlatformHost,
    Requests,
    Shutdown,
    VtsGrpcServer,
    VTS_MODULE_OPTIONS,
    VTS_OPEN_INFERENCE,
    VTS_JOBS,
    VTS_METRICS_OPTIONS,
    VTS_METRICS_REGISTRY,
  ],
})
export class VtsCoreModule extends configurable.ConfigurableModuleClass implements NestModule {
  constructor(
    @Inject(ModulesContainer) modules: ModulesContainer,
    @Inject(PlatformHost) private readonly platforms: PlatformHost,
    @Inject(Requests) private readonly requests: Requests,
    @Inject(RunnerRegistry) private readonly runners: RunnerRegistry,
    @Inject(VTS_JOBS) jobs: ResolvedJobsOptions | undefined,
  ) {
    super();
    const cores = [...modules.values()].filter(({ metatype }) => metatype === VtsCoreModule);
    if (cores.length > 1) throw new DuplicateRootError();
    if (jobs === undefined) refuseJobsWithoutQueue(modules.values());
  }

  /**
   * Called only in applications with HTTP: after their own middleware, and before that of modules
   * and the routes.
   *
   * @throws UnsupportedAdapterError
   */
  configure(): void {
    this.platforms.demand();
    this.requests.installed();
    this.runners.begin();
  }

  /**
   * The configured module with a provider for every runner that a class of this process injects.
   */
  static withRunners(configured: DynamicModule): DynamicModule {
    const runners = RunnerTagsStorage.all().map((tag): Provider => ({
      provide: runnerToken(tag),
      inject: [RunnerRegistry],
      useFactory: (registry: RunnerRegistry) => registry.get(tag),
    }));
    const custom = RunnableClassesStorage.all().map((runnable): Provider => ({
      provide: getRunnerToken(runnable),
      inject: [RunnableRegistry],
      useFactory: (registry: RunnableRegistry) => registry.get(runnable),
    }));
    runners.push(...custom);
    return {
      ...configured,
      module: VtsCoreModule,
      global: true,
      providers: [...(configured.providers ?? []), ...runners],
      exports: [...(configured.exports ?? []), ...runners],
    };
  }
}

/**
 * Adds the routes of probes and metrics to the module, and the runnables. Nest needs them before it
 * creates anything.
 */
function withExtras(
  definition: DynamicModule,
  { health, metrics, runnables = [], openInference, jobs }: VtsModuleExtras,
): DynamicModule {
  const paths = resolveHealthPaths(health);
  const options = resolveMetricsOptions(metrics);
  const controllers = [
    healthController(paths),
    options === undefined ? undefined : metricsController(options.path),
  ];
  return {
    ...definition,
    imports: [
      ...(definition.imports ?? []),
      ...openInferenceImports(openInference),
      ...jobsImports(jobs),
    ],
    controllers: controllers.filter((controller) => controller !== undefined),
    providers: [
      ...(definition.providers ?? []),
      { provide: VTS_HEALTH_PATHS, useValue: paths },
      { provide: VTS_METRICS_OPTIONS, useValue: options },
      { provide: VTS_RUNNABLES, useValue: runnables },
      openInferenceOptions(openInference),
      jobsOptions(jobs),
    ],
  };
}
