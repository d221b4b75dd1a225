import { VtsError } from '../../errors/index.js';

/** `precision: 'int8'` for a model whose weights are not quantized here. @publicApi */
export class UnquantizableModelError extends VtsError {
  constructor(what = 'an ONNX file') {
    super(
      `precision: 'int8' cannot be used for ${what}. Leave precision out; an ONNX file can be quantized in Python with ` +
        `onnxruntime.quantization.quantize_dynamic(), and saved instead.`,
    );
  }
}
