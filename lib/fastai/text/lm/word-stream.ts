import { Observable, type Subscriber } from 'rxjs';

/** The words of a text as they are made: begins when it is asked for, stops when the signal is aborted. @internal */
export type WordSource = (signal: AbortSignal) => AsyncGenerator<string, void, undefined>;

/**
 * Words as they are made, both as an rxjs `Observable` and for `for await`. Nothing runs before somebody
 * subscribes or iterates; each subscription makes the words anew. Unsubscribing, or leaving the loop, stops the work.
 *
 * @example
 * for await (const word of learner.predictStream('I really liked', 20)) process.stdout.write(` ${word}`);
 *
 * @publicApi
 */
export class WordStream extends Observable<string> implements AsyncIterable<string> {
  readonly #source: WordSource;

  /** @internal */
  constructor(source: WordSource) {
    super((subscriber) => {
      const stop = new AbortController();
      void push(source(stop.signal), subscriber);
      return () => stop.abort();
    });
    this.#source = source;
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<string, void, undefined> {
    const stop = new AbortController();
    try {
      yield* this.#source(stop.signal);
    } finally {
      stop.abort();
    }
  }
}

async function push(words: AsyncIterable<string>, subscriber: Subscriber<string>): Promise<void> {
  try {
    for await (const word of words) {
      if (subscriber.closed) return;
      subscriber.next(word);
    }
    subscriber.complete();
  } catch (error) {
    subscriber.error(error);
  }
}
