export {
  BatchableNotSupportedError,
  ModuleMethodError,
  UnknownMethodError,
} from './errors/rules/index.js';
export { modelInputsOf, pytorchOptions } from './pytorch/options.js';
export { checkSignatures, FASTAI, ONNX_FILE, PYTORCH, type FrameworkRules } from './signatures.js';
