import { ValueStream } from '../../../runtime/value-stream.js';

/**
 * Words as they are made, as an rxjs `Observable` and for `for await`. Nothing runs before a caller
 * subscribes or iterates; each subscription makes the words again. Unsubscribing, or leaving the
 * loop, stops the work.
 *
 * @example
 * for await (const word of learner.predictStream('I really liked', 20)) process.stdout.write(` ${word}`);
 *
 * @publicApi
 */
export class WordStream extends ValueStream<string> {}
