import type { RunnerOptions } from './runner-options-types.js';
import { nodeName } from '../../learner/onnx/index.js';
import { usableCores } from './pool/cores.js';
import { resolveBatching, type ResolvedBatching } from './batching/batching-options.js';
import { InvalidRunnerOptionError } from './errors/index.js';

/** Time limit of a call where none is given, in milliseconds; BentoML's. */
export const DEFAULT_TIMEOUT_MS = 60_000;

/** The longest delay of a Node timer; a longer one would fire at once. */
export const LONGEST_TIMEOUT_MS = 2 ** 31 - 1;

const DEFAULT_STUCK_MS = 2000;
/** Each worker holds a model of its own: hundreds of megabytes for the larger learners. */
const MOST_DEFAULT_WORKERS = 4;

const DEFAULT_QUEUE_SIZE = 1000;

/**
 * Those whose sessions crash a process in which two run at once, each on a thread of its own
 * (onnxruntime's issue 32561).
 */
const ONE_THREAD_PROVIDERS = ['webgpu'];

const KNOWN = [
  'workers',
  'threads',
  'timeoutMs',
  'stuckMs',
  'executionProviders',
  'strict',
  'onnx',
  'isolation',
  'maxQueueSize',
  'maxConcurrency',
  'batching',
  'precision',
  'graphOptimizationLevel',
  'params',
];
const CHOICES = {
  isolation: ['thread', 'process'],
  precision: ['fp32', 'int8'],
  graphOptimizationLevel: ['disabled', 'basic', 'extended', 'all'],
} as const;

/** Options of a runner with nothing left open. */
export interface ResolvedRunnerOptions {
  readonly workers: number;
  readonly threads: number;
  readonly timeoutMs: number;
  readonly stuckMs: number;
  readonly executionProviders: readonly string[];
  readonly strict: boolean;
  readonly onnx: string | undefined;
  readonly isolation: 'thread' | 'process';
  readonly maxQueueSize: number;
  readonly maxConcurrency: number;
  readonly precision: 'fp32' | 'int8';
  readonly graphOptimizationLevel: 'disabled' | 'basic' | 'extended' | 'all';
  /** How calls of a batchable method share runs. */
  batchingOf(method: string): ResolvedBatching;
}

/**
 * Fills in what the options of a runner leave open.
 *
 * The event loop keeps a core for itself. Of the others each gets a worker before any worker gets a
 * second thread: a run does not wait for the one before it, and onnxruntime's threads spin, which
 * costs most on a busy machine.
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
  for (const key of Object.keys(options)) {
    if (!KNOWN.includes(key)) refuse(`"${key}" is no option`, `use ${KNOWN.join(', ')}`);
  }
  const { executionProviders = ['cpu'], strict = true, onnx } = options;
  for (const [key, choices] of Object.entries(CHOICES)) {
    const value = options[key as keyof typeof CHOICES];
    if (value !== undefined && !(choices as readonly string[]).includes(value)) {
      refuse(`${key} is ${JSON.stringify(value)}`, `use ${choices.join(' or ')}`);
    }
  }
  if (typeof strict !== 'boolean') refuse(`strict is ${String(strict)}`, 'use true or false');
  for (const key of ['workers', 'threads', 'maxQueueSize', 'maxConcurrency'] as const) {
    const value = options[key];
    if (value !== undefined && !(Number.isInteger(value) && value > 0)) {
      refuse(`${key} is ${String(value)}`, 'use a whole number of 1 or more');
    }
  }
  for (const key of ['timeoutMs', 'stuckMs'] as const) {
    const value = options[key];
    const least = key === 'stuckMs' ? 1 : 0;
    if (value !== undefined && !(value >= least && value <= LONGEST_TIMEOUT_MS)) {
      refuse(`${key} is ${String(value)}`, `use ${least} to ${LONGEST_TIMEOUT_MS} milliseconds`);
    }
  }
  const free = Math.max(1, cores - 1);
  const workers =
    options.workers ??
    Math.max(1, Math.min(MOST_DEFAULT_WORKERS, Math.floor(free / (options.threads ?? 1))));
  const threads = options.threads ?? Math.max(1, Math.floor(free / workers));
  if (workers * threads > cores) {
    refuse(
      `${workers} workers x ${threads} threads are more than the ${cores} cores`,
      'lower workers or threads',
    );
  }
  const alone = executionProviders.find((each) => ONE_THREAD_PROVIDERS.includes(nodeName(each)));
  if (alone !== undefined && options.isolation === 'thread') {
    refuse(
      `isolation is "thread", and the execution provider "${alone}" crashes where two threads run models`,
      `leave isolation out, or use "process"`,
    );
  }
  const batchingOf = resolveBatching(options.batching, refuse);
  return {
    workers,
    threads,
    timeoutMs: options.timeoutMs ?? DEFAULT_TIMEOUT_MS,
    stuckMs: options.stuckMs ?? DEFAULT_STUCK_MS,
    executionProviders,
    strict,
    onnx,
    isolation: options.isolation ?? (alone === undefined ? 'thread' : 'process'),
    maxQueueSize: options.maxQueueSize ?? DEFAULT_QUEUE_SIZE,
    maxConcurrency: options.maxConcurrency ?? Infinity,
    precision: options.precision ?? 'fp32',
    graphOptimizationLevel: options.graphOptimizationLevel ?? 'all',
    batchingOf,
  };
}
