import { forwardRef, Module, type DynamicModule, type Provider } from '@nestjs/common';
import { runnerToken } from './injection/runner-token.js';
import { normalizeTag } from './injection/runner-tags.storage.js';
import { RunnerRegistry } from './injection/runner.registry.js';
import type { Tag } from '../serving/store/index.js';
import { ASYNC_OPTIONS_TYPE, OPTIONS_TYPE, VtsCoreModule } from './vts-core.module.js';

/**
 * Serves models from a store. Import `forRoot` once, in the root module: it is global, and
 * `@Runner` works in every class of the application.
 *
 * @publicApi
 */
@Module({})
export class VtsModule {
  /**
   * @example
   * \@Module({ imports: [VtsModule.forRoot({ home: './models-home' })], controllers: [SentimentController] })
   * export class AppModule {}
   */
  static forRoot(options: typeof OPTIONS_TYPE = {}): DynamicModule {
    return root(() => VtsCoreModule.forRoot(options));
  }

  /**
   * Options from a factory, a class (with a method `createVtsOptions`) or an existing provider.
   *
   * @example
   * VtsModule.forRootAsync({ inject: [ConfigService], useFactory: (config) => ({ home: config.get('MODELS') }) })
   */
  static forRootAsync(options: typeof ASYNC_OPTIONS_TYPE): DynamicModule {
    return root(() => VtsCoreModule.forRootAsync(options));
  }

  /**
   * Adds runners by their tags, for modules that are loaded after the application has started
   * (`LazyModuleLoader`): the root module could not see their `@Runner`.
   *
   * @throws InvalidTagError
   */
  static forFeature(...tags: (string | Tag)[]): DynamicModule {
    const providers = tags.map((given): Provider => {
      const tag = normalizeTag(given);
      return {
        provide: runnerToken(tag),
        inject: [RunnerRegistry],
        useFactory: (registry: RunnerRegistry) => registry.feature(tag),
      };
    });
    return { module: VtsModule, providers, exports: providers };
  }
}

function root(configure: () => DynamicModule): DynamicModule {
  // Nest resolves the reference while it scans, when all classes with @Runner have been declared.
  // It distinguishes dynamic modules by reference, so it must get the same one each time.
  let core: DynamicModule | undefined;
  const resolve = (): DynamicModule => (core ??= VtsCoreModule.withRunners(configure()));
  return { module: VtsModule, imports: [forwardRef(resolve)] };
}
