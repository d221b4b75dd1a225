import { lowerModel } from '../../learner/onnx/index.js';
import { planModule, type ModelInput } from '../../learner/pytorch/index.js';
import type { Module } from '../../learner/torch/module.js';

/**
 * What a model without a learner takes. Lowering it is the only sure test; its graph is given up.
 *
 * @throws UnknownModelInputsError, UnsupportedModuleError
 */
export function planAndLower(
  model: Module,
): readonly Pick<ModelInput, 'name' | 'dtype' | 'shape'>[] {
  const { inputs, specsFor } = planModule(model);
  const specs = specsFor(inputs[0]?.dims.length ?? 0);
  lowerModel(model, specs ? { inputs: specs } : {});
  return inputs.map(({ name, dtype, shape }) => ({ name, dtype, shape }));
}
