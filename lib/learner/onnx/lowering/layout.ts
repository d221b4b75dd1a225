import type { Module } from '../../torch/module.js';
import type { PyObject } from '../../torch/python.js';
import { OtherLayoutError } from '../errors.js';

/** Libraries whose classes change their children and computation between versions. */
const CHANGING = /^(timm|torchvision)\./;

/** Children for training only, or for a head that fastai's own head replaces. */
const TRAINING = /^(aux\w*|AuxLogits|mask_token|weights(_dist)?)$/;

/**
 * Refuses modules with an unused part: the part comes from an unknown version of the class, and its
 * effect would be missing in the result.
 *
 * @param used The modules that were called or entered, and the names of their tensors that were read.
 * @throws OtherLayoutError
 */
export function checkLayout(root: Module, used: ReadonlyMap<PyObject, ReadonlySet<string>>): void {
  const read = used.get(root.record);
  const changing = read !== undefined && CHANGING.test(root.className);
  if (changing) {
    for (const [name, tensor] of root.parameters) {
      if (tensor && !read.has(name) && !TRAINING.test(name))
        throw unknownPart(root, `a tensor ${name}`);
    }
  }
  for (const [name, child] of root.children) {
    if (!child) continue;
    if (changing && learns(child) && !TRAINING.test(name) && !isUsed(child, used)) {
      throw unknownPart(root, `a module ${name}`);
    }
    checkLayout(child, used);
  }
}

const unknownPart = (module: Module, what: string): OtherLayoutError =>
  new OtherLayoutError(module.path, module.className, `it has an unsupported ${what}`);

const some = (module: Module, test: (child: Module) => boolean): boolean =>
  [...module.children.values()].some((child) => child !== null && test(child));

const learns = (module: Module): boolean =>
  [...module.parameters.values()].some((tensor) => tensor !== null) || some(module, learns);

const isUsed = (module: Module, used: ReadonlyMap<PyObject, unknown>): boolean =>
  used.has(module.record) || some(module, (child) => isUsed(child, used));
