import { InputError, listed, shortened, VtsError } from '../../learner/errors/index.js';

/** No runner of that name, or of that version, is served. HTTP 404, gRPC NOT_FOUND. @publicApi */
export class ModelNotServedError extends VtsError {
  /** @param known The names of the models; if the name is known, its versions. */
  constructor(
    readonly model: string,
    readonly version: string,
    known: readonly string[],
  ) {
    const name = `"${shortened(model)}"`;
    const of =
      version === '' ? `The model ${name} is not served` : `The model ${name} has no version`;
    super(
      version === ''
        ? `${of}; use ${known.length === 0 ? 'another server: this one serves no models' : listed(known)}.`
        : `${of} "${shortened(version)}"; use ${listed(known)}, or leave the version out.`,
    );
  }
}

/** The runner has not loaded its model. HTTP 503, gRPC UNAVAILABLE. @publicApi */
export class ModelNotReadyError extends VtsError {
  constructor(readonly model: string) {
    super(`The model "${shortened(model)}" is not ready; try again later.`);
  }
}

/**
 * Clients may not load and unload models on this server. gRPC UNIMPLEMENTED; HTTP 400, as in
 * Triton.
 *
 * @publicApi
 */
export class RepositoryClosedError extends VtsError {
  constructor(action: 'load' | 'unload') {
    super(
      `This server does not ${action} models on request; allow it with the option openInference of the module.`,
    );
  }
}

/**
 * The protocol cannot carry the model's inputs, or the requested result. HTTP 400, gRPC
 * INVALID_ARGUMENT.
 *
 * @publicApi
 */
export class ModelNotServableError extends InputError {
  constructor(model: string, fact: string, remedy: string) {
    super(`The model "${shortened(model)}" ${fact}; ${remedy}.`);
  }
}

/** One of several items of a request cannot be predicted. HTTP 400. @publicApi */
export class InferenceItemError extends InputError {
  constructor(
    /** Counted from 0. */
    readonly item: number,
    cause: Error,
  ) {
    super(`Item ${item} (counted from 0): ${cause.message}`, { cause });
  }
}

/** An answer would be larger than the server allows. HTTP 400. @publicApi */
export class ResponseTooLargeError extends InputError {
  constructor(most: number) {
    super(
      `The answer to the request is larger than ${most} bytes (maxResponseBytes); send fewer items at once.`,
    );
  }
}

/**
 * A value cannot be sent as a tensor of the protocol without a change. HTTP 400, gRPC
 * INVALID_ARGUMENT.
 *
 * @publicApi
 */
export class TensorValueError extends InputError {
  constructor(name: string, fact: string, remedy: string) {
    super(`"${shortened(name)}" ${fact}; ${remedy}.`);
  }
}

/** A method of a runnable returned something other than the tensors that it declares. @publicApi */
export class RunnableOutputError extends VtsError {
  constructor(output: string, fact: string, declared: string) {
    super(`The output "${output}" ${fact}, but its method declares ${declared}; return that.`);
  }
}

/** An option that limits requests of the protocol is not valid. @publicApi */
export class InvalidOpenInferenceOptionError extends VtsError {
  constructor(option: string, fact: string, remedy: string) {
    super(`The option ${option} of openInference ${fact}; ${remedy}.`);
  }
}
