export { describeValue } from './describe-value.js';
export * from './errors.js';
export {
  ELEMENT_ARRAYS,
  elementNameOf,
  type ElementArray,
  type ElementName,
} from './element-array.js';
export { holdsFloats } from './float-lists.js';
export { Module, moduleOrigin, setModuleOrigin } from './module.js';
export { NdArray, NumpyDtype } from './numpy.js';
export { Index } from './pandas/axis.js';
export { DataFrame, Series } from './pandas/frame.js';
export * from './python.js';
export { Tensor } from './tensor.js';
export { readTorchFile, type TorchFile } from './torch-file.js';
export { asBool, asDict, asItems, asNumber, asString } from './values.js';
export { writeModuleFile } from './write/write-module-file.js';
