import { PyGlobal, PyObject, type PyValue } from '../../torch/index.js';
import { withBases } from '../data/class-bases.js';

/** Classes of the transformed inputs in training, if the items are arrays. */
const ARRAYS =
  /^(numpy\.ndarray|torch\.(_tensor\.)?Tensor|fastai2?\.torch_core\.Tensor(Base|Image(BW)?)|(tsai\.(data\.)?core|timeseries(_fastai)?\.core)\.\w+)$/;
const IMAGE = /^fastai2?\.torch_core\.TensorImage(Base|BW)?$/;
const NORMALIZED = /^fastai2?\.torch_core\.TensorImage(BW)?$/;
const TENSOR = /^fastai2?\.torch_core\.Tensor(Base|Image(Base|BW)?)$/;

/** Whether a class is of arrays or tensors. One of a notebook may be; only its code tells. */
export const isArrayClass = (type: PyValue | undefined): boolean =>
  (type instanceof PyGlobal && ARRAYS.test(type.qualifiedName)) || isOwnClass(type);

/**
 * Whether a type is a class of the notebook that subclasses fastai's TensorBase. If the file only
 * has its name, the code decides.
 */
export function isOwnClass(type: PyValue | undefined): type is PyGlobal | PyObject {
  if (type instanceof PyGlobal) return type.module === '__main__';
  return type instanceof PyObject && derives(type, TENSOR);
}

/** The same where a file that only has its name leaves no doubt: fastai's images are `PIL...`. */
export const isOwnTensor = (type: PyValue | undefined): boolean =>
  isOwnClass(type) && (!(type instanceof PyGlobal) || type.name.includes('Tensor'));

/** Whether fastai's `Normalize` changes tensors of a class: of `TensorImage`, or derived from it. */
export const isImageClass = (type: PyValue | undefined): boolean =>
  type !== undefined && derives(type, NORMALIZED);

const derives = (type: PyValue, base: RegExp): boolean =>
  [...withBases(type)].some((one) => one instanceof PyGlobal && base.test(one.qualifiedName));

/** Whether a class is fastai's for images: code tells tensors of it from others. */
export const isImageTensor = (type: PyValue | undefined): boolean =>
  type instanceof PyGlobal && IMAGE.test(type.qualifiedName);
