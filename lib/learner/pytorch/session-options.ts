import { usableProviders, type SessionOptions } from '../onnx/index.js';
import { guarded } from '../runtime/run-guard.js';
import type { TorchModelOptions } from './torch-model.js';

/**
 * What the sessions of a model are made with.
 *
 * @throws ExecutionProviderError
 */
export async function sessionOptionsOf(options: TorchModelOptions): Promise<SessionOptions> {
  const {
    intraOpNumThreads = 1,
    executionProviders = ['cpu'],
    strict = true,
    graphOptimizationLevel = 'all',
    precision,
    warn = () => undefined,
  } = options;
  return {
    intraOpNumThreads,
    graphOptimizationLevel,
    executionProviders: await guarded(() =>
      usableProviders(executionProviders, strict ? undefined : warn),
    ),
    ...(precision === 'int8' ? { exactInt8: true } : {}),
  };
}
