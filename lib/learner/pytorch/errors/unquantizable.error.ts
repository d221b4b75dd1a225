import { VtsError } from '../../errors/index.js';

/** `precision: 'int8'` for a model whose weights are out of reach. @publicApi */
export class UnquantizableModelError extends VtsError {
  constructor() {
    super(
      `precision: 'int8' cannot be used for the bytes of an ONNX model that keeps weights in other files. Give the path ` +
        `of the .onnx file, beside which they are, or leave precision out.`,
    );
  }
}
