import { traceCall, type CallTrace } from '../runtime/call-trace.js';
import { requestScope } from '../runtime/request-scope.js';
import { tellObservers } from '../runtime/runner-observer.js';
import type { LiveCall } from './call-lifetime.js';
import type { CallPool, RunHow } from './pool/call-pool.js';
import type { Task, Waiting } from './pool/task.js';

/** A call in a pool, from its queue to its answer. It reports to observers and traces. */
export class PoolCall implements Waiting {
  #task: Task | undefined;
  #trace: CallTrace | undefined;

  constructor(
    private readonly runner: string,
    private readonly method: string,
    private readonly pool: CallPool,
    private readonly live: LiveCall,
  ) {}

  queue(item: unknown, { transfer, stream, started }: RunHow): void {
    this.#trace = traceCall(this.runner, this.method);
    const scope = requestScope.getStore();
    const queued = (task: Task): void => {
      this.#task = task;
      started?.(task);
      if (this.#trace !== undefined) task.traced = true;
      if (scope?.progress !== undefined) task.progress = (share) => scope.progress?.(share);
      this.live.queued((reason) => this.pool.abandon(task, reason));
    };
    try {
      this.pool.queue(this.method, item, { transfer, stream, started: queued }, this);
    } catch (error) {
      this.reject(error);
    }
  }

  resolve(value: unknown): void {
    this.#ended();
    this.live.resolve(value);
  }

  reject(error: unknown): void {
    this.#ended(error);
    this.live.reject(error);
  }

  #ended(error?: unknown): void {
    const task = this.#task;
    if (task !== undefined) this.#report(task);
    this.#trace?.end({ timing: task?.ran, error });
  }

  #report({ outcome = 'failed', timing, madeAt, postedAt }: Task): void {
    const { runner, method } = this;
    const total = performance.now() - madeAt;
    // A worker that did not answer did not report anything. Only the time when it got the call is
    // known.
    const runMs = timing?.runMs ?? (postedAt === undefined ? 0 : total - (postedAt - madeAt));
    const waitMs = Math.max(0, total - runMs);
    tellObservers('called', { runner, method, waitMs, runMs, outcome });
  }
}
