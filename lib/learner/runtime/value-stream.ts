import { createRequire } from 'node:module';
/** @ts-ignore: without rxjs the types of its methods are any. */
import type { Observable, Subscriber } from 'rxjs';
import { RxjsMissingError } from './errors.js';

/** Produces values on demand and stops when the signal is aborted. */
export type ValueSource<T> = (signal: AbortSignal) => AsyncGenerator<T, void, undefined>;

/**
 * Values as they are produced, as an rxjs `Observable` and for `for await`. Nothing runs before a
 * caller subscribes or iterates; each subscription computes the values again. Unsubscribing, or
 * leaving the loop, stops the work.
 *
 * Only the methods of an `Observable` need rxjs to be installed.
 *
 * @publicApi
 */
export class ValueStream<T> implements Observable<T>, AsyncIterable<T> {
  /** Calls an observer with each value, as an `Observable` of rxjs does. */
  declare readonly subscribe: Observable<T>['subscribe'];
  /** Applies operators of rxjs. */
  declare readonly pipe: Observable<T>['pipe'];
  /** @internal */
  declare readonly lift: Observable<T>['lift'];
  /** Calls a function with each value, and resolves when the stream ends. */
  declare readonly forEach: Observable<T>['forEach'];
  /** Resolves with the last value. Deprecated in rxjs: iterate over the stream. */
  declare readonly toPromise: Observable<T>['toPromise'];
  /** @internal */
  declare readonly source: Observable<T>['source'];
  /** @internal */
  declare readonly operator: Observable<T>['operator'];
  readonly #source: ValueSource<T>;
  #observable: Observable<T> | undefined;

  static {
    // The methods work on an `Observable` that the first call makes, and only that call loads rxjs.
    // rxjs's from() looks for '@@observable' in streams of other libraries.
    const methods = ['subscribe', 'pipe', 'lift', 'forEach', 'toPromise', '@@observable'];
    for (const name of methods) {
      Object.defineProperty(this.prototype, name, {
        configurable: true,
        writable: true,
        value: function (this: ValueStream<unknown>, ...args: unknown[]): unknown {
          const observable = this.#toObservable() as unknown as Record<string, Method>;
          return name === '@@observable' ? observable : observable[name]!(...args);
        },
      });
    }
  }

  /** @internal */
  constructor(source: ValueSource<T>) {
    this.#source = source;
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<T, void, undefined> {
    const stop = new AbortController();
    try {
      yield* this.#source(stop.signal);
    } finally {
      stop.abort();
    }
  }

  #toObservable(): Observable<T> {
    return (this.#observable ??= new (rxjsObservable())<T>((subscriber) => {
      const stop = new AbortController();
      void push(this.#source(stop.signal), subscriber);
      return () => stop.abort();
    }));
  }
}

type Method = (...args: unknown[]) => unknown;

interface Rxjs {
  readonly Observable: typeof Observable;
}

let rxjs: Rxjs | undefined;

/** @internal For a copy of rxjs that `require` does not find. */
export function useRxjs(copy: Rxjs): void {
  rxjs = copy;
}

function rxjsObservable(): typeof Observable {
  try {
    rxjs ??= createRequire(import.meta.url)('rxjs') as Rxjs;
    return rxjs.Observable;
  } catch (error) {
    throw new RxjsMissingError(error);
  }
}

async function push<T>(values: AsyncIterable<T>, subscriber: Subscriber<T>): Promise<void> {
  try {
    for await (const value of values) {
      if (subscriber.closed) return;
      subscriber.next(value);
    }
    subscriber.complete();
  } catch (error) {
    subscriber.error(error);
  }
}
