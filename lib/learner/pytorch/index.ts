export {
  InvalidModelInputError,
  NotAModuleError,
  TensorInputError,
  UnknownModelInputsError,
  UnquantizableModelError,
} from './errors/index.js';
export type { NestedNumbers, ShapedArray } from './given-tensor.js';
export { checkModelInputs, planModule } from './input-plan.js';
export type { InputPlan, ModelInput, ModelInputDType } from './model-input.js';
export { modelInputs } from './model-inputs.js';
export { openModuleFile } from './open-module.js';
export { readInputs, type Feeds, type PytorchInput, type TensorInput } from './read-inputs.js';
export { isOnnx } from './source-kind.js';
export { TorchModel, type PytorchOutput, type TorchModelOptions } from './torch-model.js';
