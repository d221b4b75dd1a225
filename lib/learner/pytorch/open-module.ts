import {
  describeValue,
  Module,
  PyDict,
  PyObject,
  readTorchFile,
  Tensor,
  type PyValue,
  type TorchFile,
} from '../torch/index.js';
import { listed } from '../errors/index.js';
import { NotAModuleError } from './errors.js';

/** A model in a torch file, before lowering. */
export interface ModuleFile {
  readonly module: Module;
  /** The attributes that lead from the file's root to the model: none, or `model` for a learner. */
  readonly path: readonly string[];
  readonly torchFile: TorchFile;
}

/** Opens what `torch.save(module)` wrote, or a learner's model. @throws NotAModuleError */
export function openModuleFile(source: string | Uint8Array): ModuleFile {
  const torchFile = readTorchFile(source);
  try {
    return { ...moduleOf(torchFile.root), torchFile };
  } catch (error) {
    torchFile.close();
    throw error;
  }
}

function moduleOf(root: PyValue): Pick<ModuleFile, 'module' | 'path'> {
  const module = Module.from(root);
  if (module) return { module, path: [] };
  if (root instanceof PyObject && root.attr('dls') !== undefined) {
    const model = Module.from(root.attr('model'));
    if (model) return { module: model, path: ['model'] };
  }
  const weights =
    'Save the whole module: torch.save(model, path) after model.load_state_dict(...); weights alone do not describe what to compute.';
  if (root instanceof PyDict) {
    if (isWeights(root)) throw new NotAModuleError('weights (a state_dict)', weights);
    const keys = root.keys().map(keyText);
    const inner = root.keys().find((key) => Module.from(root.get(key)));
    throw new NotAModuleError(
      `a dictionary (keys ${listed(keys)}), such as a training checkpoint`,
      inner === undefined
        ? weights
        : `Save the model alone: torch.save(checkpoint[${JSON.stringify(String(inner))}], path).`,
    );
  }
  throw new NotAModuleError(describeValue(root));
}

function keyText(key: PyValue): string {
  const plain = ['string', 'number', 'bigint', 'boolean'].includes(typeof key);
  return plain ? String(key) : key instanceof PyObject ? `of ${key.className}` : 'of another kind';
}

function isWeights(dict: PyDict): boolean {
  const values = dict.values();
  return values.length > 0 && values.every((value) => value instanceof Tensor);
}
