import { InputError, listed, shortened, VtsError } from '../../learner/errors/index.js';

/** No runner of that name, or of that version, is served. HTTP 404, gRPC NOT_FOUND. @publicApi */
export class ModelNotServedError extends VtsError {
  /** @param known Names of models; where the name is known, its versions. */
  constructor(
    readonly model: string,
    readonly version: string,
    known: readonly string[],
  ) {
    const name = `"${shortened(model)}"`;
    const of = version === '' ? `No model ${name} is served` : `The model ${name} has no version`;
    super(
      version === ''
        ? `${of}; use ${known.length === 0 ? 'another server: this one serves none' : listed(known)}.`
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
 * Clients may not load and unload models here. gRPC UNIMPLEMENTED, and 400 over HTTP as Triton
 * answers.
 *
 * @publicApi
 */
export class RepositoryClosedError extends VtsError {
  constructor(action: 'load' | 'unload') {
    super(
      `This server does not ${action} models by request; allow it in the option openInference of the module.`,
    );
  }
}

/**
 * The protocol cannot carry what a model takes, or what it was asked for. HTTP 400, gRPC
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

/** An answer would be larger than the server sends. HTTP 400. @publicApi */
export class ResponseTooLargeError extends InputError {
  constructor(most: number) {
    super(
      `The answer to the request has more than ${most} bytes (maxResponseBytes); send fewer items at once.`,
    );
  }
}

/**
 * A value cannot travel as a tensor of the protocol without changing. HTTP 400, gRPC
 * INVALID_ARGUMENT.
 *
 * @publicApi
 */
export class TensorValueError extends InputError {
  constructor(name: string, fact: string, remedy: string) {
    super(`"${shortened(name)}" ${fact}; ${remedy}.`);
  }
}

/** A method of a runnable returned something else than the tensors that it declares. @publicApi */
export class RunnableOutputError extends VtsError {
  constructor(output: string, fact: string, declared: string) {
    super(`The output "${output}" ${fact}, and its method declares ${declared}; return that.`);
  }
}

/** A limit of the protocol's requests cannot be used. @publicApi */
export class InvalidOpenInferenceOptionError extends VtsError {
  constructor(option: string, fact: string, remedy: string) {
    super(`The option ${option} of openInference ${fact}; ${remedy}.`);
  }
}
