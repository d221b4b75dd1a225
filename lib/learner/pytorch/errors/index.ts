export { InvalidModelInputError, UnknownModelInputsError } from './model-inputs.error.js';
export { NotAModuleError } from './not-a-module.error.js';
export { TensorInputError } from './tensor-input.error.js';
export { UnquantizableModelError } from './unquantizable.error.js';
