import { InputError, VtsError } from '../../learner/errors/index.js';

/**
 * The body does not match the endpoint's descriptor. HTTP endpoints answer 400.
 *
 * @publicApi
 */
export class InvalidBodyError extends InputError {
  constructor(descriptor: string, fact: string, remedy: string) {
    super(`${descriptor}: ${fact}; ${remedy}.`);
  }
}

/**
 * The connection broke before the whole body had arrived, or its compression is damaged. HTTP
 * endpoints answer 400.
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
      `The request body is larger than the ${maxBytes} bytes that this endpoint accepts; send less at a time.`,
    );
  }
}

/**
 * Too many large bodies wait to be parsed. HTTP endpoints answer 503.
 *
 * @publicApi
 */
export class ParserOverloadedError extends VtsError {
  constructor(bytes: number) {
    super(`More than ${bytes} bytes of request bodies wait to be parsed; try again later.`);
  }
}

/**
 * The endpoint does not support the media type, charset or compression of the body. HTTP endpoints
 * answer 415.
 *
 * @publicApi
 */
export class UnsupportedBodyError extends VtsError {
  constructor(what: 'media type' | 'charset' | 'content encoding', given: string, taken: string) {
    super(`This endpoint does not accept the ${what} "${given}"; send ${taken}.`);
  }
}

/**
 * The result cannot be sent in a media type that the request's `Accept` header allows. HTTP
 * endpoints answer 406.
 *
 * @publicApi
 */
export class NotAcceptableError extends VtsError {
  constructor(descriptor: string, fact: string, given: readonly string[]) {
    super(`${descriptor}: ${fact}; accept ${given.join(' or ')}.`);
  }
}

/**
 * The options of a descriptor do not fit together; thrown where the class is declared.
 *
 * @publicApi
 */
export class InvalidDescriptorError extends VtsError {
  constructor(descriptor: string, fact: string, remedy: string) {
    super(`${descriptor}: ${fact}; ${remedy}.`);
  }
}

/**
 * A handler returned a value that its output descriptor does not allow. This is a fault of the
 * service, so the client gets a 500 without details, and the log gets this message.
 *
 * @publicApi
 */
export class InvalidOutputError extends VtsError {
  constructor(descriptor: string, fact: string, remedy: string, options?: ErrorOptions) {
    super(`${descriptor} cannot send what the handler returned: ${fact}; ${remedy}.`, options);
  }
}

/** A fact about a wrong value, from a reader that does not know its descriptor. */
export class Fault extends Error {
  constructor(
    readonly fact: string,
    readonly remedy?: string,
  ) {
    super(fact);
  }
}

/** Converts a fault to an error of its descriptor; returns other errors unchanged. */
export function errorOf(
  fault: unknown,
  type: new (descriptor: string, fact: string, remedy: string) => Error,
  descriptor: string,
  remedy = '',
): unknown {
  return fault instanceof Fault ? new type(descriptor, fault.fact, fault.remedy ?? remedy) : fault;
}

/** Describes a value, for a message that begins with "it is". */
export function nameOf(value: unknown): string {
  if (value === null || value === undefined) return String(value);
  return typeof value === 'object' ? `of class ${value.constructor?.name}` : `a ${typeof value}`;
}
