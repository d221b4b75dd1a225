import type { RemoteOptions } from './remote-options.js';

/** How a model is run. @publicApi */
export interface RunnerOptions {
  /**
   * The model runs elsewhere, and need not be in the store: its address, or how it is reached.
   * Beside it only `timeoutMs`, `maxQueueSize` (of calls that wait for an address) and
   * `maxConcurrency` are taken: the others are of whoever runs the model.
   *
   * @example
   * VtsModule.forRoot({ runners: { fastai_sentiment: { remote: 'grpc://models:8081' } } })
   *
   * @default the model runs in workers of this process
   */
  remote?: string | RemoteOptions;
  /**
   * Worker threads, each with a copy of the model, from the start. `workers` x `threads` must not
   * exceed the cores that this process may use; limits of containers count.
   *
   * @default one; others are added while calls wait and cores are idle, up to one per core and 8. No
   * call waits until another worker has loaded the model
   */
  workers?: number;
  /**
   * Threads within one run (onnxruntime's `intraOpNumThreads`). More than one shortens the run of a
   * large model on an idle machine, and lengthens it on a busy one.
   *
   * @default 1 up to 15 cores, and the cores by the most workers beyond; with `workers`, the cores
   * that these and the event loop leave, at least 1
   */
  threads?: number;
  /**
   * Milliseconds until a call is given up, including its wait: it rejects with RunTimeoutError,
   * and its late result is dropped. 0 for no limit.
   *
   * @default the module's `timeoutMs`: 60000
   */
  timeoutMs?: number;
  /**
   * Milliseconds that an abandoned call may go on in JavaScript before its worker is replaced: a
   * regular expression of the learner may backtrack for ever. Native code is always waited for.
   *
   * @default 2000
   */
  stuckMs?: number;
  /**
   * onnxruntime's execution providers, for the PyTorch layer: `cpu`, `cuda`, `webgpu` and the
   * others of the installed build, or their names in Python (`CUDAExecutionProvider`). fastai
   * learners run on the CPU only. With `webgpu` workers are processes, as onnxruntime crashes where
   * two threads run models by it.
   *
   * @default ['cpu']
   */
  executionProviders?: readonly string[];
  /**
   * Whether to refuse to start when this build of onnxruntime lacks one of `executionProviders`;
   * false warns and goes on with those that it has.
   *
   * @default true
   */
  strict?: boolean;
  /** An ONNX file to run in place of the learner's own model; see `Learner.load`. */
  onnx?: string;
  /**
   * How an image learner decodes JPEGs: `scaled` is faster for large photographs, and changes
   * predictions slightly; see `Learner.load`.
   *
   * @default 'exact'
   */
  decode?: 'exact' | 'scaled';
  /**
   * Where the model runs: in worker threads of this process, or in processes of its own, which may
   * crash or be killed without harm to this one, and are started again. A process costs tens of
   * megabytes and some 0.1 ms a call.
   *
   * @default 'thread'; 'process' where `executionProviders` has `webgpu`
   */
  isolation?: 'thread' | 'process';
  /**
   * Most calls that may wait for a worker, of methods that are not batched; further ones are
   * refused at once with RunnerOverloadedError, HTTP 503.
   *
   * @default 1000
   */
  maxQueueSize?: number;
  /**
   * Most calls in progress, waiting and running; further ones are refused at once with
   * TooManyCallsError, HTTP 429. BentoML's `traffic.max_concurrency`.
   *
   * @default no limit
   */
  maxConcurrency?: number;
  /** How calls of batchable methods share runs. Other methods ignore it. */
  batching?: RunnerBatchingOptions;
  /**
   * Numbers of the weights, for the PyTorch layer: `int8` quantizes those of matrix products and
   * LSTMs, of ONNX files too, when the model is first loaded, keeps the result beside the model,
   * and computes up to several times as fast with small differences in the result. A fastai learner
   * runs in `fp32`, fastai's own numbers, unless `quantize` asks for less.
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
  /** How far onnxruntime rewrites the graph before it runs it. @default 'all' */
  graphOptimizationLevel?: 'disabled' | 'basic' | 'extended' | 'all';
  /**
   * Plain data that a custom runnable is constructed with; it is sent to the workers. For custom
   * runnables only.
   *
   * @default the decorator's `params`
   */
  params?: unknown;
}

/**
 * How calls share runs. A batch forms while all workers are busy: a call that comes to an idle
 * runner runs at once, alone.
 *
 * @publicApi
 */
export interface BatchingOptions {
  /** False runs each call alone. @default true */
  enabled?: boolean;
  /**
   * Most rows of one run. A call with more is run in parts, and answered whole.
   *
   * @default 100, as BentoML's
   */
  maxBatchSize?: number;
  /**
   * Milliseconds from the arrival of a call, or of the HTTP request that makes it, to its answer. A
   * call that would take longer is refused at once with RunnerOverloadedError, HTTP 503 with
   * Retry-After. A call that becomes overdue is refused too, before its run or after it. A call
   * that comes to an idle runner is always answered.
   *
   * @default 60000, as BentoML's
   */
  maxLatencyMs?: number;
  /**
   * Most rows that may wait; further calls are refused at once.
   *
   * @default ten batches, and at least 1000
   */
  maxQueueSize?: number;
  /**
   * Fills up shorter sequences, so that those of different length share a run.
   *
   * @default none; fastai's text models share a run exactly without it
   */
  padding?: PaddingOptions;
}

/** The options of a runner's batchable methods, and of single ones. @publicApi */
export interface RunnerBatchingOptions extends BatchingOptions {
  /** By method; options that a method leaves out are those for all methods. */
  methods?: Readonly<Record<string, BatchingOptions>>;
}

/**
 * How sequences of different length share a run: shorter ones are filled up to the longest, and
 * outputs that are as long as the input are cut back to what belongs to the call. Results are those
 * of the bare sequence only where the model takes no notice of the padding.
 *
 * Which outputs are as long as the input is seen from the first two runs of different width, until
 * which only sequences of one length share a run; they go on to do so where an output's length is
 * neither fixed nor the input's. Sequences are put together such that a run computes at most half
 * as much again as its rows need.
 *
 * @publicApi
 */
export interface PaddingOptions {
  /**
   * The dimension along which sequences lie; from the end where it is negative. Of several inputs
   * those are filled up that are as long there as the first one.
   *
   * @default -1, the last one
   */
  dim?: number;
  /** The number that fills up sequences. */
  value: number;
  /** The side of the sequence that is filled up. @default 'right' */
  side?: 'left' | 'right';
  /**
   * The length of what is filled up is a multiple of this, so that sequences of similar length run
   * alike.
   *
   * @default 1
   */
  multipleOf?: number;
}

/** How one call is run. @publicApi */
export interface RunOptions {
  /**
   * Gives the call up: it rejects with RunAbortedError, and costs nothing if it had not started.
   */
  signal?: AbortSignal;
  /** Milliseconds until the call is given up; 0 for no limit. @default the runner's `timeoutMs` */
  timeoutMs?: number;
  /**
   * Gives the buffers of the item's tensors and typed arrays to the worker instead of copying them:
   * they are empty afterwards. Worth it for megabytes.
   *
   * @default false
   */
  transfer?: boolean;
}
