import { InputError, VtsError } from '../../../learner/errors/index.js';

/**
 * The body is not what the endpoint's descriptor asks for. HTTP endpoints answer 400.
 *
 * @publicApi
 */
export class InvalidBodyError extends InputError {
  constructor(descriptor: string, fact: string, remedy: string) {
    super(`${descriptor}: ${fact}; ${remedy}.`);
  }
}

/**
 * The connection broke before the body had come, or its compression is damaged. HTTP endpoints
 * answer 400.
 *
 * @publicApi
 */
export class UnreadableBodyError extends InputError {
  constructor(reason: string) {
    super(`The request body could not be read (${reason}); send it again.`);
  }
}

/** The body is larger than the endpoint allows. HTTP endpoints answer 413. @publicApi */
export class BodyTooLargeError extends VtsError {
  constructor(readonly maxBytes: number) {
    super(
      `The request body is larger than the ${maxBytes} bytes that this endpoint takes; send less at a time.`,
    );
  }
}

/**
 * The media type, charset or compression of the body is none that the endpoint takes. HTTP
 * endpoints answer 415.
 *
 * @publicApi
 */
export class UnsupportedBodyError extends VtsError {
  constructor(what: 'media type' | 'charset' | 'content encoding', given: string, taken: string) {
    super(`The ${what} "${given}" is not taken by this endpoint; send ${taken}.`);
  }
}
