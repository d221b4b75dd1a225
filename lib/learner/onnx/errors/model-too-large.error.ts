import { VtsError } from '../../errors/index.js';

/** A model without external data passes the format's limit of 2 GB. @publicApi */
export class ModelTooLargeError extends VtsError {
  constructor(readonly byteLength: number) {
    super(
      `The model takes ${byteLength} bytes, and ONNX holds at most 2 GB in one piece. ` +
        `Make the folder for temporary files (TMPDIR) writable, so that its weights can go to a file of their own.`,
    );
  }
}
