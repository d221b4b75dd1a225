import type { InferenceSession } from 'onnxruntime-common';
import { SessionCreationError } from '../errors.js';
import type { Graph } from '../graph.js';
import { writeModel, type WritableModel } from '../proto/model-writer.js';
import { withModelFolder } from './model-folder.js';
import { OnnxSession } from './onnx-session.js';
import { loadOnnxruntime } from './onnxruntime.js';

/** How a session computes. @publicApi */
export interface SessionOptions {
  /** Threads of one operator. Default: onnxruntime's default, the number of cores. */
  readonly intraOpNumThreads?: number;
  /** False lets idle threads sleep: slower alone, faster if the cores are shared. Default true. */
  readonly allowSpinning?: boolean;
  /** In order of preference. Default ['cpu']. */
  readonly executionProviders?: readonly InferenceSession.ExecutionProviderConfig[];
  /** How far onnxruntime rewrites the graph. Default 'all'. */
  readonly graphOptimizationLevel?: 'disabled' | 'basic' | 'extended' | 'all';
  /**
   * Computes exact int8 products even if the processor would saturate them (x86 without VNNI).
   * Default false.
   */
  readonly exactInt8?: boolean;
  /**
   * The folder for weights while the session is created. Default: the system's temporary folder.
   */
  readonly tempDir?: string;
}

/** Where onnxruntime writes its optimized graph of a model. */
export interface SavedGraph {
  readonly path: string;
  /** The name of a file beside it, for weights of at least that many bytes. */
  readonly weights: string;
  readonly from: number;
}

/**
 * A session for a graph, or a model that writes itself. The weights go through a file in a private
 * folder, which is removed before the promise settles; if no file can be written, they go through
 * memory.
 *
 * @throws SessionCreationError if onnxruntime refuses the model.
 * @throws ModelTooLargeError if no file can be written and the model exceeds 2 GB.
 */
export async function createSession(
  graph: Graph | WritableModel,
  options: SessionOptions = {},
): Promise<OnnxSession> {
  const fromFile = await withModelFolder(graph, options.tempDir, (path) =>
    openSession(path, options),
  );
  return fromFile ?? openSession(writeModel(graph).model, options);
}

/**
 * A session for a finished ONNX model: the path of a file, or its bytes. With `saveTo`, it also
 * writes the graph that it runs.
 *
 * @throws SessionCreationError if onnxruntime refuses the model.
 */
export async function openSession(
  model: string | Uint8Array,
  options: SessionOptions = {},
  saveTo?: SavedGraph,
): Promise<OnnxSession> {
  const native: InferenceSession.SessionOptions = {
    executionProviders: options.executionProviders ?? ['cpu'],
    interOpNumThreads: 1,
    // onnxruntime keeps them for every shape, and texts have any length.
    enableMemPattern: false,
    // The arena never frees the memory of its largest run; runs are as fast without it.
    enableCpuMemArena: false,
    // Errors arrive as exceptions; onnxruntime would also print them.
    logSeverityLevel: 4,
    ...(options.intraOpNumThreads !== undefined && {
      intraOpNumThreads: options.intraOpNumThreads,
    }),
    ...(options.graphOptimizationLevel !== undefined && {
      graphOptimizationLevel: options.graphOptimizationLevel,
    }),
    ...(saveTo && { optimizedModelFilePath: saveTo.path }),
    ...extraOf(options, saveTo),
  };
  try {
    // Loaded with the first session: a main thread with only runners never loads the native
    // binding.
    const { InferenceSession } = loadOnnxruntime();
    return new OnnxSession(
      typeof model === 'string'
        ? await InferenceSession.create(model, native)
        : await InferenceSession.create(model, native),
    );
  } catch (error) {
    throw new SessionCreationError(error);
  }
}

/** Settings that onnxruntime takes only by name. */
function extraOf(
  { allowSpinning, exactInt8 }: SessionOptions,
  saveTo: SavedGraph | undefined,
): InferenceSession.SessionOptions {
  const session = {
    ...(saveTo && {
      optimized_model_external_initializers_file_name: saveTo.weights,
      optimized_model_external_initializers_min_size_in_bytes: String(saveTo.from),
    }),
    ...(allowSpinning === false && { intra_op: { allow_spinning: '0' } }),
    ...(exactInt8 === true && { x64quantprecision: '1' }),
  };
  return Object.keys(session).length > 0 ? { extra: { session } } : {};
}
