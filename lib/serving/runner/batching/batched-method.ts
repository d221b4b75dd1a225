import type { RunnerMethod } from '../runner-types.js';
import type { RunOptions } from '../runner-options-types.js';
import type { Admission } from '../../runtime/admission.js';
import { traceCall } from '../../runtime/call-trace.js';
import { requestScope } from '../../runtime/request-scope.js';
import type { CallLifetime } from '../call-lifetime.js';
import type { BatchCodec } from './batch-codec.js';
import type { BatchStats } from './call-ledger.js';
import type { BatchTarget } from './batch-target.js';
import type { ResolvedBatching } from './batching-options.js';
import type { BatchCall } from './batch-call.js';
import { Batcher } from './batcher.js';
import { tensorsIn } from './tensor-item.js';

/**
 * From this size on, a batch is transferred to its worker instead of copied. It then waits outside
 * the worker for the previous batch, which matters less the longer both run.
 */
const LARGE_BYTES = 2 ** 20;

/** The part of a request's `maxLatencyMs` that is reserved for writing and sending its response. */
const FOR_RESPONSE = 0.02;

export interface BatchedMethodOptions<Item, Output> {
  readonly runner: string;
  readonly method: string;
  readonly pool: BatchTarget;
  readonly codec: BatchCodec<Item, Output>;
  readonly batching: ResolvedBatching;
  /** Includes the calls of the runner's other methods. */
  readonly calls: CallLifetime;
}

/** A batched method: its calls share runs. */
export interface BatchedMethod<Item, Output> extends RunnerMethod<Item, Output> {
  readonly stats: BatchStats;
  /**
   * Throws the error that would refuse a call now. Call it before you prepare an item, because
   * under overload most of that work would be wasted.
   */
  check(): void;
}

export function batchedMethod<Item, Output>(
  options: BatchedMethodOptions<Item, Output>,
): BatchedMethod<Item, Output> {
  const { runner, method, pool, calls } = options;
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
  /** A request's `maxLatencyMs` counts from here. */
  const since = (arrivedAt: number): number =>
    arrivedAt - FOR_RESPONSE * options.batching.maxLatencyMs;
  const admission: Admission = {
    hold: (arrivedAt) => {
      calls.check(method);
      return batcher.admission.hold(since(arrivedAt));
    },
  };
  const check = (): void => {
    const scope = requestScope.getStore();
    scope?.calls(admission);
    try {
      calls.check(method);
      batcher.admission.check(scope === undefined ? performance.now() : since(scope.arrivedAt));
    } catch (error) {
      scope?.failed(admission, error);
      throw error;
    }
  };
  const run = (item: Item, runOptions: RunOptions = {}): Promise<Output> => {
    const scope = requestScope.getStore();
    return calls.run<Output>(method, admission, runOptions, (live) => {
      const started = (call: BatchCall<Item, Output>): void => {
        call.trace = traceCall(runner, method);
        live.queued((reason) => batcher.abandon(call, reason));
      };
      batcher.queue(item, live, started, scope && since(scope.arrivedAt));
    });
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
  let bytes = 0;
  for (const { data } of tensorsIn(item)?.tensors ?? []) {
    if (ArrayBuffer.isView(data)) bytes += data.byteLength;
  }
  return bytes >= LARGE_BYTES;
}
