import type { RunnerHandle, RunnerMethod } from '../../runner/runner-types.js';
import { openedRemote } from '../../remote/index.js';
import type { RunnerOptions, RunOptions } from '../../runner/runner-options-types.js';
import { ValueStream } from '../../../learner/runtime/value-stream.js';
import type { CallPool } from '../../runner/pool/call-pool.js';
import { ModelLoadError, UnknownRunnerMethodError } from '../../runner/errors.js';
import { LocalPool } from '../../runner/pool/local-pool.js';
import { ModelRunner } from '../../runner/model-runner.js';
import { runnableCodec } from './codec.js';
import type { RunnableClass, RunnableDefinition } from './definition.js';
import { noteMethods, type ServedRunnableMethod } from './definitions.js';
import type { RunnablePlan } from './plan.js';
import { serveRunnable, type CustomInit } from './runnable.js';
import { NO_STATS } from '../deferred-runner.js';
import type { RunnerStats } from '../../runner/pool/pool-stats.js';
import { WorkerPool } from '../../runner/pool/worker-pool.js';

export interface RunnableRunnerOptions {
  readonly runnable: RunnableClass;
  readonly definition: RunnableDefinition;
  readonly plan: RunnablePlan;
  /** The options of the application, as it gave them. */
  readonly given: RunnerOptions;
  readonly construct: () => Promise<object>;
  readonly warn: (message: string) => void;
}

/** The methods of a runnable, behind a pool of workers or in this thread. */
class CustomRunner extends ModelRunner {
  readonly #batched = new Map<string, RunnerMethod>();

  constructor({ definition, plan }: RunnableRunnerOptions, target: CallPool) {
    const { options } = plan;
    super(definition.name, [...definition.methods.keys()], target, options.timeoutMs, options);
    for (const [method, { batchable, batchDim }] of definition.methods) {
      const batching = options.batchingOf(method);
      if (!batchable || !batching.enabled) continue;
      const codec = runnableCodec({ batchDim, padding: batching.padding });
      this.#batched.set(method, this.batched({ method, codec, batching }));
    }
  }

  override method(name: string): RunnerMethod {
    return this.#batched.get(name) ?? super.method(name);
  }
}

/**
 * The object that is injected for a runnable: it has a member for each method, whatever runs the
 * methods.
 */
export class RunnableRunner implements RunnerHandle {
  readonly tag: string;
  readonly #options: RunnableRunnerOptions;
  /** Undefined until it is open, and for a runnable that runs elsewhere. */
  #runner: ModelRunner | undefined;
  #opening: Promise<void> | undefined;
  #open = false;

  constructor(options: RunnableRunnerOptions) {
    const { definition, plan, warn } = options;
    this.#options = options;
    this.tag = definition.name;
    if (plan.noWorkers !== undefined) warn(this.#fallenBack(plan.noWorkers));
    if (plan.options.remote === undefined) {
      const { module } = plan;
      const pool = module === undefined ? this.#localPool() : this.#workerPool(module);
      this.#runner = new CustomRunner(options, pool);
    }
    for (const name of definition.methods.keys()) {
      Object.defineProperty(this, name, { value: this.#member(name), enumerable: true });
    }
    noteMethods(this, servedMethods(options));
    // Python's name for calling an object.
    if (definition.methods.has('__call__')) Object.assign(this, this.#member('__call__'));
  }

  get ready(): boolean {
    return this.#runner?.ready ?? false;
  }

  get stats(): RunnerStats {
    return this.#runner?.stats ?? NO_STATS;
  }

  get remote(): readonly string[] | undefined {
    const { remote } = this.#options.plan.options;
    return remote?.addresses.map(({ url }) => url);
  }

  /** The class may be constructed in the application, with what it injects. */
  get injects(): boolean {
    const { plan } = this.#options;
    if (plan.options.remote !== undefined) return false;
    return plan.params === undefined && (plan.module === undefined || plan.mayFallBack);
  }

  method(name: string): RunnerMethod {
    const { methods } = this.#options.definition;
    if (!methods.has(name)) throw new UnknownRunnerMethodError(this.tag, name, [...methods.keys()]);
    return (this as unknown as Record<string, RunnerMethod>)[name] as RunnerMethod;
  }

  open(): Promise<void> {
    this.#opening ??= this.#openOnce();
    return this.#opening;
  }

  async close(timeoutMs?: number): Promise<void> {
    await this.#runner?.close(timeoutMs);
  }

  async #openOnce(): Promise<void> {
    const { definition, plan, given, warn } = this.#options;
    if (this.#runner === undefined) {
      const { methods } = definition;
      this.#runner = (await openedRemote(this.tag, given, warn, methods)) as ModelRunner;
    }
    try {
      await this.#runner.open();
    } catch (error) {
      const unloadable = error instanceof ModelLoadError && error.kind === 'RunnableModuleError';
      if (!plan.mayFallBack || !unloadable) throw error;
      warn(this.#fallenBack(error.message));
      this.#runner = new CustomRunner(this.#options, this.#localPool());
      await this.#runner.open();
    }
    this.#open = true;
  }

  #member(name: string): object {
    const run = async (item: unknown, options?: RunOptions): Promise<unknown> => {
      if (!this.#open) await this.open();
      return this.#runner!.method(name).run(item, options);
    };
    const stream = (item: unknown, options?: RunOptions): ValueStream<unknown> =>
      new ValueStream((left) => this.#stream(name, item, options, left));
    const { stream: streams } = this.#options.definition.methods.get(name) ?? {};
    if (streams === true) return { stream, run: stream, asyncRun: stream };
    if (streams === false) return { stream, run, asyncRun: run };
    const either = (item: unknown, options?: RunOptions): Promise<unknown> =>
      resultOrStream(
        () => run(item, options),
        () => stream(item, options),
      );
    return { stream, run: either, asyncRun: either };
  }

  async *#stream(
    name: string,
    item: unknown,
    options: RunOptions | undefined,
    left: AbortSignal,
  ): AsyncGenerator<unknown, void, undefined> {
    if (!this.#open) await this.open();
    if (left.aborted) return;
    yield* this.#runner!.stream(name, item, options);
  }

  #workerPool(module: string): WorkerPool {
    const { runnable, definition, plan, warn } = this.#options;
    const { name } = definition;
    const methods = [...definition.methods.keys()];
    const init: CustomInit = { module, className: runnable.name, methods, params: plan.params };
    const script = new URL('./runnable.js', import.meta.url).href;
    return new WorkerPool({ ...plan.options, name, runnable: script, init, warn });
  }

  #localPool(): LocalPool {
    const { runnable, definition, plan, construct } = this.#options;
    return new LocalPool(definition.name, async () => {
      const Class = runnable as unknown as new (params: unknown) => object;
      const instance = plan.params === undefined ? await construct() : new Class(plan.params);
      return serveRunnable(instance, [...definition.methods.keys()]);
    });
  }

  #fallenBack(reason: string): string {
    return `The runnable ${this.tag} runs in the application, not in workers: ${reason}`;
  }
}

function servedMethods({
  definition,
  plan,
}: RunnableRunnerOptions): Map<string, ServedRunnableMethod> {
  const entries = [...definition.methods].map(([name, method]) => {
    const { enabled, maxBatchSize } = plan.options.batchingOf(name);
    // The protocol's batch is always the first dimension.
    const batches = method.batchable && enabled && method.batchDim.every((dim) => dim === 0);
    return [name, { ...method, maxBatchSize: batches ? maxBatchSize : 0 }] as const;
  });
  return new Map(entries);
}

/**
 * The result of a method that may or may not return a stream: a promise that is also the stream,
 * for a caller that iterates or subscribes at once.
 */
function resultOrStream(
  run: () => Promise<unknown>,
  stream: () => ValueStream<unknown>,
): Promise<unknown> {
  let streamed: ValueStream<unknown> | undefined;
  const asStream = (): ValueStream<unknown> => (streamed ??= stream());
  const result = new Promise<unknown>((resolve, reject) => {
    queueMicrotask(() => {
      if (streamed === undefined) run().then(resolve, reject);
    });
  });
  return Object.assign(result, {
    [Symbol.asyncIterator]: () => asStream()[Symbol.asyncIterator](),
    subscribe: (...observer: []) => asStream().subscribe(...observer),
    pipe: (...operators: []) => asStream().pipe(...operators),
  });
}
