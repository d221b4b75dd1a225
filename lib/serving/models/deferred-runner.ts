import type { LearnerDescription, TabularSchema } from '../../learner/fastai/contract.js';
import type { WordStream } from '../../learner/fastai/text/lm/word-stream.js';
import { RunnerClosedError, RunnerNotReadyError } from '../runner/errors.js';
import { LONGEST_TIMEOUT_MS } from '../options.js';
import type { RunnerStats } from '../runner/pool/pool-stats.js';
import type { RunnerHandle, RunnerMethod } from '../runner/runner-types.js';
import { requestScope } from '../runtime/request-scope.js';
import { learnerMembers } from './fastai/methods.js';
import type { FastaiRunner, LanguageModelRunner, StreamRunOptions } from './fastai/types.js';
import { CALL } from './pytorch/rules.js';
import type { PytorchRunner } from './pytorch/types.js';

/** The statistics of a runner that has not been found yet. */
export const NO_STATS: RunnerStats = {
  ready: 0,
  workers: 0,
  queued: 0,
  running: 0,
  full: false,
  completed: 0,
  failed: 0,
  rejected: 0,
  abandoned: 0,
  shed: 0,
  restarts: 0,
};

/** How long requests may keep calling a version that was replaced. */
const GRACE_MS = 2000;

/**
 * The object that is injected for a tag. It exists before its model is looked up, and becomes the
 * model's runner when it is opened. Applications open only the runners that they inject. If the
 * store is watched, the runner of a newer version replaces the current one.
 */
export class DeferredRunner implements RunnerHandle {
  #runner: RunnerHandle | undefined;
  /** Replaced runners that requests still use, each with a function that ends its grace period. */
  readonly #leaving = new Map<RunnerHandle, () => void>();
  readonly #retired = new WeakSet<RunnerHandle>();
  readonly #retiring = new Set<Promise<void>>();
  #opening: Promise<void> | undefined;
  #closed = false;

  constructor(
    private readonly wanted: string,
    private readonly find: () => Promise<RunnerHandle>,
  ) {
    // The kind of its model is not known yet, so it has the members of all kinds.
    const learners = learnerMembers((name) => this.#forward(name));
    Object.assign(this, learners, this.#forward(CALL), { forward: this.#forward('forward') });
  }

  get tag(): string {
    return this.#runner?.tag ?? this.wanted;
  }

  get ready(): boolean {
    return this.#runner?.ready ?? false;
  }

  get stats(): RunnerStats {
    return this.#runner?.stats ?? NO_STATS;
  }

  get remote(): readonly string[] | undefined {
    return this.#runner?.remote;
  }

  get kind(): string {
    return this.#fact('kind') as string;
  }

  get vocab(): unknown {
    return this.#fact('vocab');
  }

  get schema(): TabularSchema | undefined {
    return this.#fact('schema') as TabularSchema | undefined;
  }

  get description(): LearnerDescription {
    return this.#fact('description') as LearnerDescription;
  }

  get inputs(): unknown {
    return this.#fact('inputs');
  }

  get outputs(): unknown {
    return this.#fact('outputs');
  }

  get maxBatchSize(): unknown {
    return this.#fact('maxBatchSize');
  }

  method(name: string): RunnerMethod {
    // Called for its error only; the method itself would stay bound to this version.
    this.#runner?.method(name);
    return this.#forward(name);
  }

  predictStream(text: string, options?: StreamRunOptions): WordStream {
    if (this.#runner === undefined) throw new RunnerNotReadyError(this.wanted, 'predictStream');
    return (this.#runner as LanguageModelRunner).predictStream(text, options);
  }

  open(): Promise<void> {
    this.#opening ??= this.#open();
    return this.#opening;
  }

  async close(timeoutMs?: number): Promise<void> {
    this.#closed = true;
    for (const leave of this.#leaving.values()) leave();
    await Promise.all([this.#runner?.close(timeoutMs), ...this.#retiring]);
  }

  /**
   * Replaces the current runner with an open one. The old runner finishes its calls and requests,
   * then closes. No call is lost between the two.
   */
  async replace(next: RunnerHandle): Promise<void> {
    if (this.#closed) return next.close(0);
    const old = this.#runner;
    this.#runner = next;
    if (old === undefined) return;
    const retiring = this.#retire(old).finally(() => this.#retiring.delete(retiring));
    this.#retiring.add(retiring);
  }

  async #retire(old: RunnerHandle): Promise<void> {
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, GRACE_MS);
      this.#leaving.set(old, () => {
        clearTimeout(timer);
        resolve();
      });
    });
    this.#leaving.delete(old);
    // A runner that is about to close must not get new calls.
    this.#retired.add(old);
    await old.close(LONGEST_TIMEOUT_MS);
  }

  async #open(): Promise<void> {
    if (this.#closed) throw new RunnerClosedError(this.tag);
    const runner = await this.find();
    this.#runner = runner;
    await runner.open();
  }

  #forward(name: string): RunnerMethod {
    const current: RunnerMethod['run'] = (item, options) => {
      try {
        return this.#current().method(name).run(item, options);
      } catch (error) {
        return Promise.reject(error as Error);
      }
    };
    const run: RunnerMethod['run'] = (item, options) =>
      this.#runner === undefined
        ? this.open().then(() => current(item, options))
        : current(item, options);
    return { run, asyncRun: run };
  }

  /** All calls of a request go to the version that the request started with. */
  #current(): RunnerHandle {
    const newest = this.#runner as RunnerHandle;
    const scope = requestScope.getStore();
    if (scope === undefined) return newest;
    const pinned = scope.pinOf(this) as RunnerHandle | undefined;
    if (pinned !== undefined && !this.#retired.has(pinned)) return pinned;
    scope.pin(this, newest);
    return newest;
  }

  #fact(key: keyof (FastaiRunner & PytorchRunner)): unknown {
    if (this.#runner === undefined) throw new RunnerNotReadyError(this.wanted, key);
    return (this.#runner as FastaiRunner & PytorchRunner)[key];
  }
}
