import { InputError, VtsError } from '../../learner/errors/index.js';
import type { InferenceStatus } from '../../client/contract.js';

/**
 * No address of a remote runner took the call, or the connection was lost while it ran. HTTP
 * endpoints answer 503.
 *
 * @publicApi
 */
export class RemoteUnavailableError extends VtsError {
  constructor(
    readonly runner: string,
    method: string,
    reason: string,
    /** Whether the remote side may have run the call, which therefore was not sent again. */
    readonly mayHaveRun: boolean,
    options?: ErrorOptions,
  ) {
    super(
      mayHaveRun
        ? `The connection to the server of runner "${runner}" was lost during ${method}() (${reason}), which may have run; retry only if it is safe to run twice.`
        : `No server of runner "${runner}" can take ${method}() now (${reason}); try again later.`,
      options,
    );
  }
}

/**
 * The remote side of a runner refuses the item. HTTP endpoints answer 400 with its message.
 *
 * @publicApi
 */
export class RemoteInputError extends InputError {
  constructor(
    readonly runner: string,
    reason: string,
    options?: ErrorOptions,
  ) {
    super(reason, options);
  }
}

/**
 * The remote side of a runner failed, or refused the call for a reason other than the item: it does
 * not know the model or the caller.
 *
 * @publicApi
 */
export class RemoteFailedError extends VtsError {
  constructor(
    readonly runner: string,
    method: string,
    readonly status: InferenceStatus,
    reason: string,
    options?: ErrorOptions,
  ) {
    super(`The server of runner "${runner}" failed ${method}() with ${status}: ${reason}`, options);
  }
}

/** The remote side of a runner does not serve the called method. @publicApi */
export class RemoteMethodError extends VtsError {
  constructor(
    readonly runner: string,
    readonly method: string,
    reason = 'the Open Inference Protocol does not support it',
    remedy = 'call it in the application that has the model, behind an endpoint of its own, or run the model in this process',
  ) {
    super(`${method}() of runner "${runner}" is not available remotely: ${reason}; ${remedy}.`);
  }
}

/** An item cannot be sent to the remote side of a runner. HTTP endpoints answer 400. @publicApi */
export class RemoteItemError extends InputError {
  constructor(
    readonly runner: string,
    fact: string,
    remedy: string,
  ) {
    super(`${fact}; ${remedy}.`);
  }
}

/** The answer from the remote side of a runner does not match its model. @publicApi */
export class RemoteAnswerError extends VtsError {
  constructor(
    readonly runner: string,
    fact: string,
  ) {
    super(
      `The server of runner "${runner}" sent an answer that cannot be read: ${fact}; check that both sides use the same version of this package.`,
    );
  }
}
