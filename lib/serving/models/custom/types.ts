/** @ts-ignore: without rxjs, its types are any. */
import type { Observable } from 'rxjs';
import type { ValueStream } from '../../../learner/runtime/value-stream.js';
import type { RunOptions } from '../../runner/runner-options-types.js';
import type { RunnerHandle, RunnerMethod } from '../../runner/runner-types.js';

/**
 * The optional second parameter of a runnable method, next to its item.
 *
 * @publicApi
 */
export interface RunnableContext {
  /**
   * Aborted when the caller has left or the deadline has passed. A worker notices it only between
   * turns of its event loop, not while it computes.
   */
  readonly signal: AbortSignal;
}

/**
 * Called once, where the runnable runs, before its first call. If it fails, the start fails.
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
 * A runnable method that returns a stream. Each reader is a separate call, which begins when the
 * reader subscribes or iterates, and ends when the reader leaves. `run`, `asyncRun` and `stream`
 * are the same call. The time limit applies to the whole stream.
 *
 * @publicApi
 */
export interface RunnerStreamMethod<Input = unknown, Value = unknown> {
  stream(item: Input, options?: RunOptions): ValueStream<Value>;
  run(item: Input, options?: RunOptions): ValueStream<Value>;
  asyncRun(item: Input, options?: RunOptions): ValueStream<Value>;
}

/** The type of the values of a stream that a method returns. */
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

/** A runnable's method as a member of its runner. @publicApi */
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
 * The runner of a custom runnable: it has a member for each method decorated with
 * `@RunnableMethod`, with the method's types.
 *
 * @example
 * constructor(@Runner(Summarizer) private readonly summarizer: RunnerOf<Summarizer>) {} // await
 * this.summarizer.summarize.run(text)
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
