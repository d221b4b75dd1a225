import { createRequire } from 'node:module';
/** @ts-ignore: without rxjs the types of its methods are any. */
import type { Observable, Subscriber } from 'rxjs';
import { RxjsMissingError } from './errors.js';

/** Values as they are made: begins when it is asked for, stops when the signal is aborted. */
export type ValueSource<T> = (signal: AbortSignal) => AsyncGenerator<T, void, undefined>;

/**
 * Values as they are made, both as an rxjs `Observable` and for `for await`. Nothing runs before
 * somebody subscribes or iterates; each subscription makes the values anew. Unsubscribing, or
 * leaving the loop, stops the work.
 *
 * rxjs has to be installed for the methods of an `Observable` alone.
 *
 * @publicApi
 */
export class ValueStream<T> implements Observable<T>, AsyncIterable<T> {
  declare readonly subscribe: Observable<T>['subscribe'];
  declare readonly pipe: Observable<T>['pipe'];
  declare readonly lift: Observable<T>['lift'];
  declare readonly forEach: Observable<T>['forEach'];
  declare readonly toPromise: Observable<T>['toPromise'];
  /** @internal */
  declare readonly source: Observable<T>['source'];
  /** @internal */
  declare readonly operator: Observable<T>['operator'];
  readonly #source: ValueSource<T>;
  #observable: Observable<T> | undefined;

  static {
    // They work on an `Observable` that the first call makes: only then rxjs is loaded. And
    // '@@observable' is what rxjs's from() asks other libraries' streams for.
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

/** @internal A copy of rxjs that `require` does not find. */
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
