import { existsSync } from 'node:fs';
import type { Model } from '../../store/index.js';
import { ModuleMethodError } from '../errors.js';
import type { ModelRules } from '../rules.js';

/** The call of a module, the only method that its workers serve. */
export const CALL = '__call__';

/** A bare model, as torch.save() wrote it. Its calls are batched if its signature says so. */
export const PYTORCH: ModelRules = {
  name: 'pytorch',
  modules: ['bentoml.pytorch', 'bentoml._internal.frameworks.pytorch'],
  file: 'saved_model.pt',
  defaults: { [CALL]: { batchable: false } },
  // The two names of the call; every other method of a module is Python code.
  methods: [CALL, 'forward'],
  aliases: new Map(),
  batchable: true,
  unknownMethod: (tag, method) => new ModuleMethodError(tag, method),
};

/** The file of a model that came as ONNX. */
export const ONNX_FILE = 'saved_model.onnx';

export function fileOf(model: Model): string {
  const onnx = model.pathOf(ONNX_FILE);
  return existsSync(onnx) ? onnx : model.pathOf(PYTORCH.file);
}
