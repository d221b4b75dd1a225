import { checkModelInputs, planModule } from './input-plan.js';
import { loadLowerings } from '../onnx/lowering/registry.js';
import type { ModelInput } from './model-input.js';
import { openModuleFile } from './open-module.js';
import { isOnnx } from './source-kind.js';
import { TorchModel } from './torch-model.js';

/**
 * What the model of a file takes, without making a torch module ready to run.
 *
 * @throws The errors of `TorchModel.load`.
 */
export async function modelInputs(
  source: string | Uint8Array,
  given?: readonly ModelInput[],
): Promise<readonly ModelInput[]> {
  if (given) return checkModelInputs(given);
  if (isOnnx(source)) {
    const model = await TorchModel.load(source);
    await model.release();
    return model.inputs;
  }
  const { module, torchFile } = openModuleFile(source);
  try {
    await loadLowerings(module);
    return planModule(module).inputs.map(({ name, dtype, shape }) => ({ name, dtype, shape }));
  } finally {
    torchFile.close();
  }
}
