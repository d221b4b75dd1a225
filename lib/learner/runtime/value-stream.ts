import { Observable, type Subscriber } from 'rxjs';

/** Values as they are made: begins when it is asked for, stops when the signal is aborted. */
export type ValueSource<T> = (signal: AbortSignal) => AsyncGenerator<T, void, undefined>;

/**
 * Values as they are made, both as an rxjs `Observable` and for `for await`. Nothing runs before
 * somebody subscribes or iterates; each subscription makes the values anew. Unsubscribing, or
 * leaving the loop, stops the work.
 *
 * @publicApi
 */
export class ValueStream<T> extends Observable<T> implements AsyncIterable<T> {
  readonly #source: ValueSource<T>;

  /** @internal */
  constructor(source: ValueSource<T>) {
    super((subscriber) => {
      const stop = new AbortController();
      void push(source(stop.signal), subscriber);
      return () => stop.abort();
    });
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
