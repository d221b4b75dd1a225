import type { Model } from './model.js';

/** Makes the runner of a model. */
export type RunnerFactory = (model: Model, options: object | undefined) => unknown;

const factories = new Map<string, RunnerFactory>();

/**
 * Says how the models of a framework are run. Frameworks call it, as the store knows none of them.
 *
 * @param modules Names under which model.yaml may have the framework.
 */
export function registerRunnerFactory(modules: readonly string[], factory: RunnerFactory): void {
  for (const module of modules) factories.set(module, factory);
}

export function runnerFactoryOf(module: string): RunnerFactory | undefined {
  return factories.get(module);
}
