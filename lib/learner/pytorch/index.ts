export * from './errors.js';
export type { NestedNumbers, ShapedArray } from './given-tensor.js';
export { checkModelInputs } from './input-plan.js';
export type { TorchModelOptions } from './model-graph.js';
export type { InputPlan, ModelInput, ModelInputDType } from './model-input.js';
export { openModuleFile } from './open-module.js';
export { readInputs, type PytorchInput, type TensorInput } from './read-inputs.js';
export { isOnnx } from './source-kind.js';
export { modelInputs, TorchModel, type PytorchOutput } from './torch-model.js';
