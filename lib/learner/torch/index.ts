export * from './errors.js';
export {
  contiguousStrides,
  elementNameOf,
  ELEMENT_ARRAYS,
  type ElementArray,
} from './element-array.js';
export { holdsFloats } from './float-lists.js';
export { DEFAULT_LIMITS, type ReadLimits } from './limits.js';
export { Module, moduleOrigin, setModuleOrigin, type ModuleOrigin } from './module.js';
export { NdArray, NumpyDtype } from './numpy.js';
export { Index } from './pandas/axis.js';
export { DataFrame, Series } from './pandas/frame.js';
export * from './python.js';
export { MemoryStorage, type TorchStorage } from './storage.js';
export { elementSize, isDType, StorageView, Tensor, type DType } from './tensor.js';
export { readTorchFile, type ReadTorchFileOptions, type TorchFile } from './torch-file.js';
export { asBool, asDict, asItems, asNumber, asString } from './values.js';
export { writeModuleFile } from './write/write-module-file.js';
