/** @ts-ignore: without rxjs its types are any. */
import type { Observable } from 'rxjs';
import type { ValueStream } from '../../../learner/runtime/value-stream.js';
import type { RunOptions } from '../../runner/runner-options-types.js';
import type { RunnerHandle, RunnerMethod } from '../../runner/runner-types.js';

/**
 * What a runnable method gets beside its item, as a second parameter that it may leave out.
 *
 * @publicApi
 */
export interface RunnableContext {
  /**
   * Aborted when the caller has left or its time is over. A worker learns of it when its event loop
   * turns; while it computes it does not.
   */
  readonly signal: AbortSignal;
}

/**
 * Called once, where the runnable runs, before its first call; its failure fails the start.
 *
 * @publicApi
 */
export interface OnRunnableInit {
  onRunnableInit(): void | Promise<void>;
}

/** Called once, where the runnable runs, after its last call. @publicApi */
export interface OnRunnableDestroy {
  onRunnableDestroy(): void | Promise<void>;
}

/**
 * A runnable method that returns a stream. Each reader is a call of its own, which begins when
 * somebody subscribes or iterates, and ends when they leave. `run`, `asyncRun` and `stream` are the
 * same call. The time limit is for the whole of it.
 *
 * @publicApi
 */
export interface RunnerStreamMethod<Input = unknown, Value = unknown> {
  stream(item: Input, options?: RunOptions): ValueStream<Value>;
  run(item: Input, options?: RunOptions): ValueStream<Value>;
  asyncRun(item: Input, options?: RunOptions): ValueStream<Value>;
}

/** The values of what a method returns, where that is a stream. */
type StreamedBy<Returned> = [Returned] extends [never]
  ? never
  : [Returned] extends [Observable<infer Value>]
    ? Value
    : [Returned] extends [AsyncIterable<infer Value>]
      ? Value
      : [Returned] extends [Generator<infer Value>]
        ? Value
        : never;

/** A method without parameters is called without an item. */
type ItemOf<Parameters extends unknown[]> = Parameters extends []
  ? void
  : Parameters extends [infer Item, ...unknown[]]
    ? Item
    : Parameters extends [(infer Item)?, ...unknown[]]
      ? Item | void
      : unknown;

/** A method of a runnable as its runner has it. @publicApi */
export type RunnableMember<Method> = Method extends (
  ...parameters: infer Parameters
) => infer Returned
  ? [StreamedBy<Awaited<Returned>>] extends [never]
    ? RunnerMethod<ItemOf<Parameters>, Awaited<Returned>>
    : RunnerStreamMethod<ItemOf<Parameters>, StreamedBy<Awaited<Returned>>>
  : never;

type MethodsOf<Runnable> = {
  [Key in keyof Runnable]: Runnable[Key] extends (...parameters: never[]) => unknown ? Key : never;
}[keyof Runnable];

/**
 * The runner of a custom runnable: a member for each of its methods that are decorated with
 * `@RunnableMethod`, typed as the method is.
 *
 * @example
 * constructor(@Runner(Summarizer) private readonly summarizer: RunnerOf<Summarizer>) {}
 * // await this.summarizer.summarize.run(text)
 *
 * @publicApi
 */
export type RunnerOf<Runnable> = RunnerHandle & {
  readonly [
    Key in Exclude<
      MethodsOf<Runnable>,
      keyof RunnerHandle | keyof OnRunnableInit | keyof OnRunnableDestroy
    >
  ]: RunnableMember<Runnable[Key]>;
} & (Runnable extends { __call__: infer Method } ? RunnableMember<Method> : unknown);
