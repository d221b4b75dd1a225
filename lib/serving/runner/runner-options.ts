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
/** Each worker holds its own copy of the model: hundreds of megabytes for the larger learners. */
const MOST_DEFAULT_WORKERS = 8;
const DEFAULT_QUEUE_SIZE = 1000;

/**
 * Providers whose sessions crash a process when two run at once on different threads (onnxruntime's
 * issue 32561).
 */
const ONE_THREAD_PROVIDERS = ['webgpu'];

/** Options that also apply to a model that runs elsewhere. */
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

/** Options of a runner with all defaults filled in. */
export interface ResolvedRunnerOptions extends Readonly<
  Required<Omit<RunnerOptions, 'onnx' | 'batching' | 'params' | 'quantize' | 'remote'>>
> {
  readonly onnx: string | undefined;
  /** Undefined if the model runs in this process. */
  readonly remote: ResolvedRemote | undefined;
  /** Whether `workers` was not given: it is then the maximum, and the runner starts with one. */
  readonly grows: boolean;
  readonly quantize: 'int8' | undefined;
  /** How calls of a batchable method are batched. */
  batchingOf(method: string): ResolvedBatching;
}

/**
 * Fills in the defaults of a runner's options.
 *
 * Each core may get a worker before any worker gets a second thread: a run does not wait for the
 * previous one, and onnxruntime's threads spin, which costs most on a busy machine. By default, a
 * fraction of a core does not count, because code on it is paused part of the time.
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
  // If all workers exist from the start, they leave one core to the event loop.
  const shared = grows ? cores : cores - 1;
  const threads = options.threads ?? Math.max(1, Math.floor(shared / workers));
  if (workers * threads > Math.ceil(cores)) {
    refuse(
      `${workers} workers x ${threads} threads are more than the ${Math.ceil(cores)} cores`,
      'lower workers or threads',
    );
  }
  if (options.quantize === 'int8' && options.precision === 'fp32') {
    refuse(`quantize is "int8", but precision is "fp32"`, 'leave one of them out');
  }
  const alone = executionProviders.find((each) => ONE_THREAD_PROVIDERS.includes(nodeName(each)));
  if (alone !== undefined && options.isolation === 'thread') {
    refuse(
      `isolation is "thread", but the execution provider "${alone}" crashes when two threads run models`,
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
      `${local.join(', ')} ${are} for a model that runs in this process, but remote is given`,
      'leave it out, and set it in the application that runs the model',
    );
  }
  if (maxConcurrency !== undefined && options.maxConcurrency !== undefined) {
    refuse('maxConcurrency is given twice, inside remote and next to it', 'leave one of them out');
  }
}
