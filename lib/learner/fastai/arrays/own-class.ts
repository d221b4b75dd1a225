import { asItems, PyGlobal, PyObject, type PyValue } from '../../torch/index.js';
import { qualifiedName } from '../data/pipeline.js';

/** Classes of the transformed inputs in training, if the items are arrays. */
const ARRAYS =
  /^(numpy\.ndarray|torch\.(_tensor\.)?Tensor|fastai2?\.torch_core\.Tensor(Base|Image(BW)?)|(tsai\.(data\.)?core|timeseries(_fastai)?\.core)\.\w+)$/;
const IMAGE = /^fastai2?\.torch_core\.TensorImage(Base|BW)?$/;
const TENSOR_BASE = /^fastai2?\.torch_core\.TensorBase$/;
const DEEPEST = 20;

/** Whether a class is of arrays or tensors. One of a notebook may be; only its code tells. */
export const isArrayClass = (type: PyValue | undefined): boolean =>
  (type instanceof PyGlobal && ARRAYS.test(type.qualifiedName)) || isOwnClass(type);

/**
 * Whether a type is a class of the notebook that subclasses fastai's TensorBase. Where the file has only
 * its name, the code decides.
 */
export function isOwnClass(type: PyValue | undefined): type is PyGlobal | PyObject {
  if (type instanceof PyGlobal) return type.module === '__main__';
  return type instanceof PyObject && derives(type, 0);
}

/** The same where a file that only has its name leaves no doubt: fastai's images are `PIL...`. */
export const isOwnTensor = (type: PyValue | undefined): boolean =>
  isOwnClass(type) && (!(type instanceof PyGlobal) || type.name.includes('Tensor'));

/** Whether one of the bases that cloudpickle wrote is TensorBase. */
function derives(type: PyValue, depth: number): boolean {
  if (type instanceof PyGlobal) {
    return TENSOR_BASE.test(type.qualifiedName) || IMAGE.test(type.qualifiedName);
  }
  if (!(type instanceof PyObject) || depth > DEEPEST) return false;
  if (!/\b_make_skeleton_class$/.test(qualifiedName(type.cls))) return false;
  return (asItems(type.args[2]) ?? []).some((base) => derives(base, depth + 1));
}

/** Whether fastai's `Normalize` changes tensors of a class: of `TensorImage`, or derived from it. */
export function isImageClass(type: PyValue | undefined, depth = 0): boolean {
  if (type instanceof PyGlobal)
    return /^fastai2?\.torch_core\.TensorImage(BW)?$/.test(type.qualifiedName);
  if (!isOwnClass(type) || !(type instanceof PyObject) || depth > DEEPEST) return false;
  return (asItems(type.args[2]) ?? []).some((base) => isImageClass(base, depth + 1));
}

/** Whether a class is fastai's for images: code tells tensors of it from others. */
export const isImageTensor = (type: PyValue | undefined): boolean =>
  type instanceof PyGlobal && IMAGE.test(type.qualifiedName);
