import type { Parameters } from '../../client/protocol/messages.js';
import { InputError } from '../../learner/errors/index.js';
import { epochMs } from '../../learner/runtime/phases.js';
import { RunnerClosedError } from '../runner/errors.js';
import { CallPool, type RunHow } from '../runner/pool/call-pool.js';
import type { PoolStats } from '../runner/pool/pool-stats.js';
import type { Description } from '../runner/pool/protocol.js';
import { Task, type Waiting } from '../runner/pool/task.js';
import type { FarSide, RemoteItem, RemoteModel } from './contract.js';
import { RemoteMethodError, RemoteUnavailableError } from './errors.js';
import { failureOf } from './failure.js';
import type { Attempt, Sender, SentCall } from './sender.js';
import type { WantedModel } from './target.js';
import type { Targets } from './targets.js';

export interface RemotePoolOptions {
  readonly runner: string;
  readonly targets: Targets;
  readonly sender: Sender;
  readonly model: WantedModel;
  /** The latest description by the servers; undefined until there is one. */
  modelNow(): RemoteModel | undefined;
}

/**
 * The pool of a runner whose model other processes run: it has the contract of a pool of workers.
 */
export class RemotePool extends CallPool {
  protected readonly pending = new Map<Task, AbortController>();
  readonly backlogMs = undefined;
  readonly #options: RemotePoolOptions;
  /** How many values of a stream may arrive before more are requested. */
  readonly #credits = new Map<Task, { left: number; more: (() => void) | undefined }>();
  /** The version that answered most recently. */
  #version: string | undefined;
  #closed = false;

  constructor(options: RemotePoolOptions) {
    super(options.runner);
    this.#options = options;
  }

  get description(): Description | undefined {
    return this.#options.modelNow()?.description;
  }

  get ready(): boolean {
    return !this.#closed && this.description !== undefined && this.#options.targets.ready > 0;
  }

  get waiting(): number {
    return this.#options.sender.waiting;
  }

  get stats(): PoolStats {
    const { targets } = this.#options;
    const restarts = targets.all.reduce((sum, { losses }) => sum + losses, 0);
    const running = this.pending.size - this.waiting;
    const { counts } = this.counts;
    const workers = targets.all.length;
    const ready = this.#closed ? 0 : targets.ready;
    return { ready, workers, queued: this.waiting, running, ...counts, restarts };
  }

  get sessions(): number {
    return this.#options.targets.ready;
  }

  get idle(): number {
    return this.sessions;
  }

  get room(): number {
    return this.sessions;
  }

  async open(): Promise<Description> {
    await this.#options.targets.open();
    // Throws if there is no description yet.
    return this.description as Description;
  }

  queue(method: string, item: unknown, { started, stream }: RunHow, waiting: Waiting): void {
    if (this.#closed) return waiting.reject(new RunnerClosedError(this.name));
    let failure: Error | undefined;
    const owner = { left: () => undefined, errorOf: () => failure as Error };
    const task = new Task(method, { value: undefined }, [], waiting, owner, stream);
    const controller = new AbortController();
    this.pending.set(task, controller);
    task.postedAt = task.madeAt;
    started?.(task);
    if (task.settled) return this.#ended(task);
    const startedAt = epochMs();
    const begun = performance.now();
    const timing = (): { startedAt: number; runMs: number; elsewhere: true } => ({
      startedAt,
      runMs: performance.now() - begun,
      elsewhere: true,
    });
    this.#run(task, method, item as RemoteItem, controller.signal).then(
      (value) => {
        task.answered({ type: 'result', slot: 0, value: { value }, ...timing() });
        this.#ended(task);
      },
      (error: unknown) => {
        failure = error as Error;
        const { name: kind, message, stack } = failure;
        const wire = { kind, message, stack, input: failure instanceof InputError };
        task.answered({ type: 'error', slot: 0, error: wire, ...timing() });
        this.#ended(task);
      },
    );
  }

  pull(task: Task, count: number): void {
    const credit = this.#credits.get(task);
    if (credit === undefined) return;
    credit.left += count;
    credit.more?.();
  }

  abandon(task: Task, error: Error): void {
    const controller = this.pending.get(task);
    task.giveUp(error);
    this.#ended(task);
    controller?.abort(error);
  }

  protected stop(): void {
    this.#closed = true;
  }

  protected async end(closed: Error): Promise<void> {
    for (const [task, controller] of this.pending) {
      task.reject(closed);
      controller.abort(closed);
    }
    await this.#options.targets.close();
  }

  async #run(task: Task, method: string, call: RemoteItem, signal: AbortSignal): Promise<unknown> {
    const runner = this.name;
    try {
      const sent: SentCall = { method, signal, limitAt: call.limit() };
      const model = await this.#model(sent);
      const result = model.call(method, call, this.#farSide(sent));
      if (!isIterable(result)) {
        if (task.ahead === undefined) return await result;
        throw new RemoteMethodError(
          runner,
          method,
          'it returns one result on the server, not a stream',
        );
      }
      await this.#values(task, result, signal);
      return undefined;
    } catch (error) {
      throw failureOf(error, { runner, method, timeoutMs: call.timeoutMs });
    }
  }

  /** Waits, as a call does, if no server has described the model yet. */
  async #model(sent: SentCall): Promise<RemoteModel> {
    const { runner, sender, targets, modelNow } = this.#options;
    const known = modelNow();
    if (known !== undefined) return known;
    await sender.ready(sent);
    const model = modelNow();
    if (model !== undefined) return model;
    throw new RemoteUnavailableError(runner, sent.method, targets.obstacle, false);
  }

  async #values(task: Task, values: AsyncIterable<unknown>, signal: AbortSignal): Promise<void> {
    const credit = { left: task.ahead ?? Infinity, more: undefined as (() => void) | undefined };
    this.#credits.set(task, credit);
    try {
      for await (const value of values) {
        task.yielded({ value });
        credit.left--;
        while (credit.left <= 0 && !signal.aborted) {
          await new Promise<void>((resolve) => {
            credit.more = resolve;
            signal.addEventListener('abort', () => resolve(), { once: true });
          });
        }
        if (signal.aborted) return;
      }
    } finally {
      this.#credits.delete(task);
    }
  }

  #farSide(call: SentCall): FarSide {
    const { sender, model } = this.#options;
    const named = { modelName: model.name, modelVersion: model.version };
    const timed = <T extends { readonly parameters?: Parameters }>(
      request: T,
      { parameters }: Attempt,
    ): T & typeof named => ({
      ...named,
      ...request,
      ...(parameters && { parameters: { ...request.parameters, ...parameters } }),
    });
    return {
      infer: async (request) =>
        this.#noted(
          await sender.send(call, (attempt) =>
            attempt.transport.infer(timed(request, attempt), attempt.options),
          ),
        ),
      inferStream: (request) =>
        sender.stream(call, (attempt) => {
          const { transport } = attempt;
          if (transport.inferStream !== undefined) {
            return transport.inferStream(timed(request, attempt), attempt.options);
          }
          const reason = 'it returns a stream, which REST does not support';
          throw new RemoteMethodError(this.name, call.method, reason, 'use a grpc:// address');
        }),
      generate: async (request) =>
        this.#noted(
          await sender.send(call, (attempt) =>
            attempt.transport.generate(timed(request, attempt), attempt.options),
          ),
        ),
      generateStream: (request) =>
        sender.stream(call, (attempt) =>
          attempt.transport.generateStream(timed(request, attempt), attempt.options),
        ),
    };
  }

  /** A new version on the server may have another vocabulary. */
  #noted<T extends { readonly modelVersion: string }>(answer: T): T {
    if (this.#version !== undefined && this.#version !== answer.modelVersion) {
      for (const target of this.#options.targets.all) target.describeAgain();
    }
    this.#version = answer.modelVersion;
    return answer;
  }

  #ended(task: Task): void {
    if (this.pending.delete(task)) this.settled(task);
  }
}

function isIterable(value: object): value is AsyncIterable<unknown> {
  return Symbol.asyncIterator in value;
}
