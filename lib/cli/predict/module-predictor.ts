import { Tensor } from 'onnxruntime-common';
import type { RunnerHandle, RunnerMethod } from '../../interfaces/runner.interface.js';
import { NumpyNdarray } from '../../io/numpy-ndarray.js';
import { lowerModel } from '../../onnx/index.js';
import { isTensor } from '../../runtime/is-tensor.js';
import type { Model } from '../../store/index.js';
import { readTorchFile } from '../../torch/index.js';
import { Module } from '../../torch/module.js';
import { resolveSaved } from '../saved-file.js';
import type { Predictor } from './predictor.js';
import { nested } from './scored.js';

/** The method of a model that stands for calling it: `__call__`, else the first of its signatures. @internal */
export function callMethod(model: Model): string {
  const methods = Object.keys(model.info.signatures);
  return methods.includes('__call__') ? '__call__' : (methods[0] ?? '__call__');
}

/** What a bare model takes: token ids where it begins with an encoder of texts, else numbers. @internal */
export async function moduleInput(model: Model): Promise<NumpyNdarray> {
  const torchFile = readTorchFile(await resolveSaved(model));
  try {
    const module = Module.from(torchFile.root);
    const takesIds = module !== undefined && hintOf(module) !== 'module';
    return new NumpyNdarray({ dtype: takesIds ? 'int64' : 'float32' });
  } finally {
    torchFile.close();
  }
}

function hintOf(module: Module): string {
  try {
    return lowerModel(module).hints.kind;
  } catch {
    return 'module';
  }
}

/** Tensors, alone or several, as nested arrays. @internal */
export function outputOf(value: unknown): unknown {
  if (isTensor(value)) return nested(value);
  return Array.isArray(value) ? value.map(outputOf) : value;
}

/** A model without a learner, run as the service runs it; items are arrays as JSON. @internal */
export async function openModulePredictor(model: Model): Promise<Predictor> {
  const input = await moduleInput(model);
  const runner = model.toRunner({ workers: 1 }) as RunnerHandle;
  await runner.open();
  const call: RunnerMethod = runner.method(callMethod(model));
  return {
    kind: 'module',
    schema: undefined,
    predict: async (item) => {
      const tensor: Tensor = input.parse({
        bytes: undefined,
        parsed: item,
        charset: undefined,
        mediaType: undefined,
      });
      return { prediction: outputOf(await call.run(tensor)) };
    },
    release: () => runner.close(),
  };
}
