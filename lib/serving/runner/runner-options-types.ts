import type { RemoteOptions } from './remote-options.js';

/** Options for running a model. @publicApi */
export interface RunnerOptions {
  /**
   * The address of a model that runs elsewhere, or options for reaching it. The model need not be
   * in the store. Next to it, only `timeoutMs`, `maxQueueSize` (for calls that wait for an address)
   * and `maxConcurrency` are allowed: the other options belong to the application that runs the
   * model.
   *
   * @example
   * VtsModule.forRoot({ runners: { fastai_sentiment: { remote: 'grpc://models:8081' } } })
   *
   * @default the model runs in workers of this process
   */
  remote?: string | RemoteOptions;
  /**
   * The number of worker threads from the start, each with a copy of the model. `workers` x
   * `threads` must not exceed the cores that this process may use; container limits count.
   *
   * @default one; others are added while calls wait and cores are idle, up to one per core and 8.
   * No call waits until another worker has loaded the model
   */
  workers?: number;
  /**
   * The threads within one run (onnxruntime's `intraOpNumThreads`). More than one makes the run of
   * a large model faster on an idle machine, and slower on a busy one.
   *
   * @default 1 up to 15 cores, and the cores by the most workers beyond; with `workers`, the cores
   * that these and the event loop leave, at least 1
   */
  threads?: number;
  /**
   * The time limit of a call in milliseconds, including its wait. After that, it rejects with
   * RunTimeoutError, and its late result is dropped. 0 for no limit.
   *
   * @default the module's `timeoutMs`: 60000
   */
  timeoutMs?: number;
  /**
   * How long an abandoned call may continue in JavaScript before its worker is replaced, in
   * milliseconds: a regular expression of the learner may backtrack forever. The pool always waits
   * for native code.
   *
   * @default 2000
   */
  stuckMs?: number;
  /**
   * onnxruntime's execution providers, for the PyTorch layer: `cpu`, `cuda`, `webgpu` and the
   * others of the installed build, or their names in Python (`CUDAExecutionProvider`). fastai
   * learners run only on the CPU. With `webgpu`, workers are processes, because onnxruntime crashes
   * when two threads run models with it.
   *
   * @default ['cpu']
   */
  executionProviders?: readonly string[];
  /**
   * Whether to refuse to start when this build of onnxruntime lacks one of `executionProviders`;
   * false warns and continues with those that it has.
   *
   * @default true
   */
  strict?: boolean;
  /** An ONNX file to run instead of the learner's own model; see `Learner.load`. */
  onnx?: string;
  /**
   * How an image learner decodes JPEGs: `scaled` is faster for large photographs, and changes
   * predictions slightly; see `Learner.load`.
   *
   * @default 'exact'
   */
  decode?: 'exact' | 'scaled';
  /**
   * Where the model runs: in worker threads of this process, or in separate processes. A process
   * may crash or be killed without harm to this one, and is restarted. It costs tens of megabytes
   * and about 0.1 ms per call.
   *
   * @default 'thread'; 'process' where `executionProviders` has `webgpu`
   */
  isolation?: 'thread' | 'process';
  /**
   * The limit on calls of unbatched methods that wait for a worker. Further calls are refused at
   * once with RunnerOverloadedError, HTTP 503.
   *
   * @default 1000
   */
  maxQueueSize?: number;
  /**
   * The limit on calls in progress, waiting or running. Further calls are refused at once with
   * TooManyCallsError, HTTP 429. The same as BentoML's `traffic.max_concurrency`.
   *
   * @default no limit
   */
  maxConcurrency?: number;
  /** How calls of batchable methods are batched. Other methods ignore it. */
  batching?: RunnerBatchingOptions;
  /**
   * The number type of the weights, for the PyTorch layer. `int8` quantizes the weights of matrix
   * products and LSTMs, in ONNX files too. It does so when the model is first loaded, and keeps the
   * result next to the model. The model then runs up to several times as fast, with small
   * differences in the result. A fastai learner runs in `fp32`, fastai's own numbers, unless
   * `quantize` is set.
   *
   * @default 'fp32'
   */
  precision?: 'fp32' | 'int8';
  /**
   * `int8` quantizes as `precision: 'int8'` does, for fastai learners as well, whose predictions
   * then differ slightly from fastai's: measure it with `vts compare NAME --quantize int8`.
   *
   * @default none
   */
  quantize?: 'int8';
  /** How much onnxruntime optimizes the graph before it runs it. @default 'all' */
  graphOptimizationLevel?: 'disabled' | 'basic' | 'extended' | 'all';
  /**
   * Plain data for the constructor of a custom runnable; it is sent to the workers. Only for custom
   * runnables.
   *
   * @default the decorator's `params`
   */
  params?: unknown;
}

/**
 * How calls are batched. A batch forms while all workers are busy: a call to an idle runner runs at
 * once, alone.
 *
 * @publicApi
 */
export interface BatchingOptions {
  /** False runs each call alone. @default true */
  enabled?: boolean;
  /**
   * The limit on the rows of one run. A call with more rows runs in parts, and gets one answer.
   *
   * @default 100, as BentoML's
   */
  maxBatchSize?: number;
  /**
   * Milliseconds from the arrival of a call, or of its HTTP request, to its answer. A call that
   * would take longer is refused at once with RunnerOverloadedError, HTTP 503 with Retry-After. A
   * call that becomes overdue is also refused, before or after its run. A call to an idle runner is
   * always answered.
   *
   * @default 60000, as BentoML's
   */
  maxLatencyMs?: number;
  /**
   * The limit on waiting rows. Further calls are refused at once.
   *
   * @default ten batches, and at least 1000
   */
  maxQueueSize?: number;
  /**
   * Pads shorter sequences, so that sequences of different lengths share a run.
   *
   * @default none; fastai's text models share a run exactly without it
   */
  padding?: PaddingOptions;
}

/** The options of all batchable methods of a runner, and of single methods. @publicApi */
export interface RunnerBatchingOptions extends BatchingOptions {
  /** Options by method. A method without an option uses the option for all methods. */
  methods?: Readonly<Record<string, BatchingOptions>>;
}

/**
 * How sequences of different lengths share a run. Shorter ones are padded to the longest, and
 * outputs as long as the input are cut back to the call's own part. Results equal those of the
 * unpadded sequence only if the model ignores the padding.
 *
 * The first two runs of different widths show which outputs are as long as the input. Until then,
 * only sequences of equal length share a run. That stays so if the length of an output is neither
 * fixed nor that of the input. Sequences are combined so that a run computes at most 1.5 times what
 * its rows need.
 *
 * @publicApi
 */
export interface PaddingOptions {
  /**
   * The dimension of the sequences; a negative number counts from the end. Of several inputs, those
   * that are as long there as the first one are padded.
   *
   * @default -1, the last one
   */
  dim?: number;
  /** The number that pads sequences. */
  value: number;
  /** The side of the sequence that is padded. @default 'right' */
  side?: 'left' | 'right';
  /**
   * Padded lengths are a multiple of this, so that sequences of similar length have the same shape.
   *
   * @default 1
   */
  multipleOf?: number;
}

/** Options of one call. @publicApi */
export interface RunOptions {
  /**
   * Abandons the call: it rejects with RunAbortedError, and costs nothing if it had not started.
   */
  signal?: AbortSignal;
  /**
   * The time limit of the call in milliseconds; 0 for no limit. @default the runner's `timeoutMs`
   */
  timeoutMs?: number;
  /**
   * Transfers the buffers of the item's tensors and typed arrays to the worker instead of copying
   * them: they are empty afterwards. This pays for megabytes.
   *
   * @default false
   */
  transfer?: boolean;
}
