import {
  ConfigurableModuleBuilder,
  Inject,
  Module,
  type DynamicModule,
  type Provider,
} from '@nestjs/common';
import { DiscoveryModule, ModulesContainer } from '@nestjs/core';
import { TerminusModule } from '@nestjs/terminus';
import { runnerToken } from './decorators/get-runner-token.js';
import { RunnerTagsStorage } from './decorators/runner-tags.storage.js';
import type {
  VtsModuleExtras,
  VtsModuleOptions,
} from './interfaces/vts-module-options.interface.js';
import { RunnerRegistry } from './runner/runner.registry.js';
import { DuplicateRootError } from './server/errors/index.js';
import { HealthController } from './server/health.controller.js';
import { RequestGate } from './server/request-gate.js';
import { ModelStore } from './store/index.js';
import { checkModuleOptions } from './vts-module-options.js';
import { VTS_MODULE_OPTIONS } from './vts.constants.js';

/** @internal */
export const { ConfigurableModuleClass, OPTIONS_TYPE, ASYNC_OPTIONS_TYPE } =
  new ConfigurableModuleBuilder<VtsModuleOptions>({ optionsInjectionToken: VTS_MODULE_OPTIONS })
    .setClassMethodName('forRoot')
    .setFactoryMethodName('createVtsOptions')
    .setExtras<VtsModuleExtras>({ health: true }, (definition, { health }) => ({
      ...definition,
      controllers: health === false ? [] : [HealthController],
    }))
    .build();

/**
 * What an application has once: the store, the runners, the probes. Made when the application is scanned, so that
 * every class that injects a runner has been declared by then.
 *
 * @internal
 */
@Module({
  imports: [DiscoveryModule, TerminusModule.forRoot({ logger: false })],
  providers: [
    {
      provide: ModelStore,
      inject: [VTS_MODULE_OPTIONS],
      // A bundle has its models with it, wherever the app looked for them before.
      useFactory: (options: VtsModuleOptions) => {
        const { home } = checkModuleOptions(options);
        return new ModelStore(process.env['VTS_BUNDLE_HOME'] ?? home);
      },
    },
    RunnerRegistry,
    RequestGate,
  ],
  exports: [ModelStore, RunnerRegistry, RequestGate, VTS_MODULE_OPTIONS],
})
export class VtsCoreModule extends ConfigurableModuleClass {
  constructor(@Inject(ModulesContainer) modules: ModulesContainer) {
    super();
    const cores = [...modules.values()].filter(({ metatype }) => metatype === VtsCoreModule);
    if (cores.length > 1) throw new DuplicateRootError();
  }

  /** The configured module with a provider for every runner that a class of this process injects. */
  static withRunners(configured: DynamicModule): DynamicModule {
    const runners = RunnerTagsStorage.all().map((tag): Provider => ({
      provide: runnerToken(tag),
      inject: [RunnerRegistry],
      useFactory: (registry: RunnerRegistry) => registry.get(tag),
    }));
    return {
      ...configured,
      module: VtsCoreModule,
      global: true,
      providers: [...(configured.providers ?? []), ...runners],
      exports: [...(configured.exports ?? []), ...runners],
    };
  }
}
