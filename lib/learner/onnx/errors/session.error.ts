import { VtsError } from '../../errors/index.js';

/** onnxruntime refused a model. @publicApi */
export class SessionCreationError extends VtsError {
  constructor(cause: unknown) {
    const detail = cause instanceof Error ? cause.message : String(cause);
    super(
      `onnxruntime cannot load the model: ${detail}. ` +
        `Check the execution providers and, for a model of your own, that it passes onnx.checker.`,
      { cause },
    );
  }
}

/** A session was used after `release()`. @publicApi */
export class SessionReleasedError extends VtsError {
  constructor() {
    super(`The model's session has been released. Load the model again to go on using it.`);
  }
}
