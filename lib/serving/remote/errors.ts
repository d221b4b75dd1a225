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
    /** Whether the far side may have run the call, so that it was not sent again. */
    readonly mayHaveRun: boolean,
    options?: ErrorOptions,
  ) {
    super(
      mayHaveRun
        ? `The connection to the server of runner "${runner}" was lost during ${method}() (${reason}), which may have run; send the request again if it may run twice.`
        : `No server of runner "${runner}" takes ${method}() now (${reason}); try again later.`,
      options,
    );
  }
}

/**
 * The far side of a remote runner refuses the item. HTTP endpoints answer 400 with its message.
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
 * The far side of a remote runner failed, or refused the call for a reason that is not the item's:
 * it does not know the model, or not who asks.
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

/** The far side of a remote runner does not serve what was called. @publicApi */
export class RemoteMethodError extends VtsError {
  constructor(
    readonly runner: string,
    readonly method: string,
    reason = 'the Open Inference Protocol does not carry it',
  ) {
    super(
      `${method}() of runner "${runner}" is not served from afar: ${reason}; run the model in this process to call it.`,
    );
  }
}

/** An item cannot be sent to the far side of a remote runner. HTTP endpoints answer 400. @publicApi */
export class RemoteItemError extends InputError {
  constructor(
    readonly runner: string,
    fact: string,
    remedy: string,
  ) {
    super(`${fact}; ${remedy}.`);
  }
}

/** The answer of the far side of a remote runner is not what its model gives. @publicApi */
export class RemoteAnswerError extends VtsError {
  constructor(
    readonly runner: string,
    fact: string,
  ) {
    super(
      `The server of runner "${runner}" answered what cannot be read: ${fact}; see that both sides have the same version of this package.`,
    );
  }
}
