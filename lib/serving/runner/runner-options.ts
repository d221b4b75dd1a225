import { resolveRemote, type ResolvedRemote } from './remote-options.js';
import type { RunnerOptions } from './runner-options-types.js';
import { nodeName } from '../../learner/onnx/index.js';
import {
  anything,
  checkOptions,
  count,
  flag,
  group,
  milliseconds,
  oneOf,
  valueThat,
  type OptionTable,
} from '../options.js';
import { usableCores } from './pool/cores.js';
import {
  BATCHING_OPTIONS,
  resolveBatching,
  type ResolvedBatching,
} from './batching/batching-options.js';
import { InvalidRunnerOptionError } from './errors.js';

/** BentoML's. */
export const DEFAULT_TIMEOUT_MS = 60_000;
const DEFAULT_STUCK_MS = 2000;
/** Each worker holds a model of its own: hundreds of megabytes for the larger learners. */
const MOST_DEFAULT_WORKERS = 8;
const DEFAULT_QUEUE_SIZE = 1000;

/**
 * Those whose sessions crash a process in which two run at once, each on a thread of its own
 * (onnxruntime's issue 32561).
 */
const ONE_THREAD_PROVIDERS = ['webgpu'];

/** What holds for a model that runs elsewhere as well. */
const REMOTE_TOO: readonly string[] = ['remote', 'timeoutMs', 'maxQueueSize', 'maxConcurrency'];

const OPTIONS: OptionTable<RunnerOptions> = {
  remote: anything,
  workers: count,
  threads: count,
  timeoutMs: milliseconds(0),
  stuckMs: milliseconds(1),
  executionProviders: valueThat(Array.isArray, 'use a list of names'),
  strict: flag,
  onnx: anything,
  decode: oneOf('exact', 'scaled'),
  isolation: oneOf('thread', 'process'),
  maxQueueSize: count,
  maxConcurrency: count,
  batching: group(BATCHING_OPTIONS),
  precision: oneOf('fp32', 'int8'),
  quantize: oneOf('int8'),
  graphOptimizationLevel: oneOf('disabled', 'basic', 'extended', 'all'),
  params: anything,
};

/** Options of a runner with nothing left open. */
export interface ResolvedRunnerOptions extends Readonly<
  Required<Omit<RunnerOptions, 'onnx' | 'batching' | 'params' | 'quantize' | 'remote'>>
> {
  readonly onnx: string | undefined;
  /** Undefined where the model runs here. */
  readonly remote: ResolvedRemote | undefined;
  /** `workers` was left open: it is the most of them, and the runner begins with one. */
  readonly grows: boolean;
  readonly quantize: 'int8' | undefined;
  /** How calls of a batchable method share runs. */
  batchingOf(method: string): ResolvedBatching;
}

/**
 * Fills in what the options of a runner leave open.
 *
 * Each core may get a worker before any worker gets a second thread: a run does not wait for the one
 * before it, and onnxruntime's threads spin, which costs most on a busy machine. A part of a core
 * counts for nothing by default: what runs there is stopped for a part of the time.
 *
 * @throws InvalidRunnerOptionError
 */
export function resolveRunnerOptions(
  runner: string,
  options: RunnerOptions,
  cores = usableCores(),
): ResolvedRunnerOptions {
  const refuse = (fact: string, remedy: string): never => {
    throw new InvalidRunnerOptionError(runner, fact, remedy);
  };
  checkOptions(OPTIONS, options, (option, fact, remedy) => refuse(`${option} ${fact}`, remedy));
  const remote = options.remote === undefined ? undefined : resolveRemote(runner, options.remote);
  if (remote !== undefined) checkBesideRemote(options, remote, refuse);
  const { executionProviders = ['cpu'] } = options;
  const grows = options.workers === undefined;
  const workers =
    options.workers ??
    Math.max(1, Math.min(MOST_DEFAULT_WORKERS, Math.floor(cores / (options.threads ?? 1))));
  // Workers that are all there from the start leave a core to the event loop.
  const shared = grows ? cores : cores - 1;
  const threads = options.threads ?? Math.max(1, Math.floor(shared / workers));
  if (workers * threads > Math.ceil(cores)) {
    refuse(
      `${workers} workers x ${threads} threads are more than the ${Math.ceil(cores)} cores`,
      'lower workers or threads',
    );
  }
  if (options.quantize === 'int8' && options.precision === 'fp32') {
    refuse(`quantize is "int8", and precision is "fp32"`, 'leave one of them out');
  }
  const alone = executionProviders.find((each) => ONE_THREAD_PROVIDERS.includes(nodeName(each)));
  if (alone !== undefined && options.isolation === 'thread') {
    refuse(
      `isolation is "thread", and the execution provider "${alone}" crashes where two threads run models`,
      `leave isolation out, or use "process"`,
    );
  }
  return {
    workers,
    grows,
    threads,
    timeoutMs: options.timeoutMs ?? DEFAULT_TIMEOUT_MS,
    stuckMs: options.stuckMs ?? DEFAULT_STUCK_MS,
    executionProviders,
    strict: options.strict ?? true,
    onnx: options.onnx,
    remote,
    decode: options.decode ?? 'exact',
    isolation: options.isolation ?? (alone === undefined ? 'thread' : 'process'),
    maxQueueSize: options.maxQueueSize ?? DEFAULT_QUEUE_SIZE,
    maxConcurrency: options.maxConcurrency ?? Infinity,
    precision: options.quantize ?? options.precision ?? 'fp32',
    quantize: options.quantize,
    graphOptimizationLevel: options.graphOptimizationLevel ?? 'all',
    batchingOf: resolveBatching(options.batching),
  };
}

function checkBesideRemote(
  options: RunnerOptions,
  { maxConcurrency }: ResolvedRemote,
  refuse: (fact: string, remedy: string) => never,
): void {
  const given = Object.entries(options).filter(([, value]) => value !== undefined);
  const local = given.map(([name]) => name).filter((name) => !REMOTE_TOO.includes(name));
  if (local.length > 0) {
    const are = local.length === 1 ? 'is' : 'are';
    refuse(
      `${local.join(', ')} ${are} for a model that runs here, and remote is given`,
      'leave it out, and give it to the application that runs the model',
    );
  }
  if (maxConcurrency !== undefined && options.maxConcurrency !== undefined) {
    refuse('maxConcurrency is given twice, within remote and beside it', 'leave one of them out');
  }
}
