import { usableProviders, type OnnxSession, type SessionOptions } from '../onnx/index.js';
import { guarded } from '../runtime/run-guard.js';
import type { InputPlan, ModelInput } from './model-input.js';

/**
 * How a model is run.
 *
 * @publicApi
 */
export interface TorchModelOptions {
  /** What the model takes, where nothing in it tells. */
  inputs?: readonly ModelInput[];
  /** Threads that onnxruntime uses within one run. @default 1 */
  intraOpNumThreads?: number;
  /**
   * onnxruntime's execution providers, in order of preference. Models by `webgpu` must all run on
   * one thread of a process; runners see to that.
   *
   * @default ['cpu']
   */
  executionProviders?: readonly string[];
  /**
   * False goes on without the execution providers that do not work here, after a warning.
   *
   * @default true
   */
  strict?: boolean;
  /** How far onnxruntime rewrites the graph. @default 'all' */
  graphOptimizationLevel?: 'disabled' | 'basic' | 'extended' | 'all';
  /**
   * `int8` quantizes the weights of matrix products and LSTMs, of 1024 elements or more. An ONNX
   * file with data files is then given by its path.
   *
   * @default 'fp32'
   */
  precision?: 'fp32' | 'int8';
  /** Where the quantized model is kept for the next time. @default nowhere */
  cacheFolder?: string;
  /** Told what is not as it was wanted. @default nobody */
  warn?: (message: string) => void;
}

/** A graph of the model, and the plan of what it takes. */
export interface ModelGraph {
  readonly className: string | undefined;
  readonly plan: InputPlan;
  /** Names of the results, in order. */
  readonly outputs: readonly string[];
  /** The session for inputs of so many dimensions. */
  sessionFor(rank: number): Promise<OnnxSession>;
  release(): Promise<void>;
}

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
