import type { RunnerMethod } from '../runner-types.js';
import type { RunOptions } from '../runner-options-types.js';
import { isTensor } from '../../../learner/runtime/is-tensor.js';
import type { Admission } from '../../runtime/admission.js';
import { traceCall } from '../../runtime/call-trace.js';
import { requestScope, type RequestScope } from '../../runtime/request-scope.js';
import type { CallLimit } from '../call-limit.js';
import { RunAbortedError, RunTimeoutError } from '../errors/index.js';
import type { BatchCall } from './batch-call.js';
import type { BatchCodec } from './batch-codec.js';
import type { BatchStats } from './batch-stats.js';
import type { BatchTarget } from './batch-target.js';
import type { ResolvedBatching } from './batching-options.js';
import { Batcher } from './batcher.js';

/**
 * From here on a batch is given to its worker, not copied. It has to wait outside of the worker for
 * the one before it then, which matters less the longer both run.
 */
const LARGE_BYTES = 2 ** 20;

/**
 * The part of `maxLatencyMs` of a request that is kept for its response: to be written, and to
 * reach the client.
 */
const FOR_RESPONSE = 0.02;

export interface BatchedMethodOptions<Item, Output> {
  /** The runner's tag, for messages and metrics. */
  readonly runner: string;
  readonly method: string;
  /** A WorkerPool, or a LocalPool. */
  readonly pool: BatchTarget;
  readonly codec: BatchCodec<Item, Output>;
  readonly batching: ResolvedBatching;
  /** Milliseconds until a call is given up where its options do not say; 0 for no limit. */
  readonly timeoutMs: number;
  /** `maxConcurrency`, shared with the runner's other methods. */
  readonly limit?: CallLimit;
}

/** A method whose calls share runs. */
export interface BatchedMethod<Item, Output> extends RunnerMethod<Item, Output> {
  readonly stats: BatchStats;
  /**
   * Throws what a call would be refused with now; to be asked before an item is made ready, as
   * under overload most of that work would be for nothing.
   */
  check(): void;
}

/**
 * A method of a model whose calls share runs, with the ways in which a call is given up: its time
 * is over, its signal is aborted, the request ends for which it runs.
 */
export function batchedMethod<Item, Output>(
  options: BatchedMethodOptions<Item, Output>,
): BatchedMethod<Item, Output> {
  const { runner, method, pool, limit } = options;
  const batcher = new Batcher<Item, Output>({
    ...options,
    target: pool,
    execute: (item, own, started) => pool.runBatch(method, item, own && isLarge(item), started),
  });
  pool.attach({
    wake: () => batcher.wake(),
    idle: () => batcher.idle(),
    close: (error) => batcher.close(error),
  });
  let opening: Promise<unknown> | undefined;
  let open = false;
  /** `maxLatencyMs` of a request counts from here. */
  const since = (arrivedAt: number): number =>
    arrivedAt - FOR_RESPONSE * options.batching.maxLatencyMs;
  const admission: Admission = {
    hold: (arrivedAt) => {
      limit?.check(method);
      return batcher.admission.hold(since(arrivedAt));
    },
  };

  const check = (): void => {
    const scope = requestScope.getStore();
    scope?.calls(admission);
    try {
      limit?.check(method);
      batcher.admission.check(scope === undefined ? performance.now() : since(scope.arrivedAt));
    } catch (error) {
      scope?.failed(admission, error);
      throw error;
    }
  };
  const run = async (item: Item, runOptions: RunOptions = {}): Promise<Output> => {
    const scope = requestScope.getStore();
    try {
      return await called(item, runOptions, scope);
    } catch (error) {
      scope?.failed(admission, error);
      throw error;
    }
  };
  const called = async (
    item: Item,
    runOptions: RunOptions,
    scope: RequestScope | undefined,
  ): Promise<Output> => {
    const { signal } = runOptions;
    if (signal?.aborted) throw new RunAbortedError(runner, method, signal.reason);
    if (scope?.reason !== undefined) throw scope.reason;
    if (!open) {
      opening ??= pool.open();
      await opening;
      open = true;
      // It may have been left while the model was loaded.
      if (signal?.aborted) throw new RunAbortedError(runner, method, signal.reason);
      if (scope?.reason !== undefined) throw scope.reason;
    }
    scope?.calls(admission);
    limit?.enter(method);
    let call: BatchCall<Item, Output> | undefined;
    try {
      const queued = (submitted: BatchCall<Item, Output>): void => {
        call = submitted;
        call.trace = traceCall(runner, method);
      };
      const answer = batcher.submit(item, queued, scope && since(scope.arrivedAt));
      // Under overload most calls are refused here, and should cost no more than that.
      return await (call === undefined ? answer : untilGivenUp(call, answer, runOptions, scope));
    } finally {
      limit?.leave();
    }
  };
  const untilGivenUp = async (
    call: BatchCall<Item, Output>,
    answer: Promise<Output>,
    { signal, timeoutMs = options.timeoutMs }: RunOptions,
    scope: RequestScope | undefined,
  ): Promise<Output> => {
    const giveUp = (reason: Error): void => batcher.abandon(call, reason);
    const onAbort = (): void => giveUp(new RunAbortedError(runner, method, signal?.reason));
    const timer =
      timeoutMs > 0
        ? setTimeout(
            () => giveUp(new RunTimeoutError(runner, method, timeoutMs)),
            Math.ceil(timeoutMs),
          )
        : undefined;
    signal?.addEventListener('abort', onAbort, { once: true });
    const leave = scope?.onEnd(giveUp);
    try {
      return await answer;
    } finally {
      clearTimeout(timer);
      signal?.removeEventListener('abort', onAbort);
      leave?.();
    }
  };
  return {
    run,
    asyncRun: run,
    check,
    get stats() {
      return batcher.stats;
    },
  };
}

function isLarge(item: unknown): boolean {
  const tensors = isTensor(item) ? [item] : Object.values(item as object);
  let bytes = 0;
  for (const { data } of tensors.filter(isTensor)) {
    if (ArrayBuffer.isView(data)) bytes += data.byteLength;
  }
  return bytes >= LARGE_BYTES;
}
