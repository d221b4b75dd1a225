import { VtsError } from '../../../learner/errors/index.js';

/** A method was called for one result, and returned a stream. @publicApi */
export class StreamResultError extends VtsError {
  constructor(method: string) {
    super(
      `${method}() returned a stream; iterate over what it returns, or call ${method}.stream(item), or declare it with @RunnableMethod({ stream: true }).`,
    );
  }
}

/** A method was called for the values of a stream, and returned something else. @publicApi */
export class NotAStreamError extends VtsError {
  constructor(method: string) {
    super(
      `${method}() returned no stream; call ${method}.run(item), or let it return an Observable or an async iterable.`,
    );
  }
}
