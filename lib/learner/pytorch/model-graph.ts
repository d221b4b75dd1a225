import { usableProviders, type SessionOptions } from '../onnx/index.js';
import type { ModelSession } from '../onnx/session/model-session.js';
import type { CodeSources } from '../python/code-source.js';
import { guarded } from '../runtime/run-guard.js';
import type { InputPlan, ModelInput } from './model-input.js';

/** Options for running a model. @publicApi */
export interface TorchModelOptions {
  /** The inputs of the model, if they cannot be inferred from it. */
  inputs?: readonly ModelInput[];
  /** Threads that onnxruntime uses within one run. @default 1 */
  intraOpNumThreads?: number;
  /**
   * onnxruntime's execution providers, in order of preference. All `webgpu` models of a process
   * must run on one thread; runners ensure that.
   *
   * @default ['cpu']
   */
  executionProviders?: readonly string[];
  /**
   * Whether an execution provider that does not work on this machine is an error. If false, it is
   * skipped with a warning.
   *
   * @default true
   */
  strict?: boolean;
  /** How far onnxruntime rewrites the graph. @default 'all' */
  graphOptimizationLevel?: 'disabled' | 'basic' | 'extended' | 'all';
  /**
   * `int8` quantizes the weights of matrix products and LSTMs, of 1024 elements or more. An ONNX
   * file with external data must then be given by its path.
   *
   * @default 'fp32'
   */
  precision?: 'fp32' | 'int8';
  /** A folder that keeps the lowered or quantized model for the next load. @default nowhere */
  cacheFolder?: string;
  /**
   * Python source of classes that the file only names: `.py` files or notebooks. It is traced,
   * never executed.
   */
  code?: CodeSources;
  /** Whether fastai calls the model: see `LowerOptions`. @internal */
  resets?: boolean;
  /** Receives warnings. @default nobody */
  warn?: (message: string) => void;
}

/** A graph of the model, and the plan of its inputs. */
export interface ModelGraph {
  readonly className: string | undefined;
  readonly plan: InputPlan;
  /** Names of the results, in order. */
  readonly outputs: readonly string[];
  /** The session for inputs with that many dimensions. */
  sessionFor(rank: number): Promise<ModelSession>;
  release(): Promise<void>;
}

/** @throws ExecutionProviderError */
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
