export {
  BatchableNotSupportedError,
  FrameworkMismatchError,
  ModelFileMissingError,
  NotSavableError,
  UnknownMethodError,
} from './errors/index.js';
export * as fastai from './fastai.js';
export type { FastaiModel, LoadFastaiOptions, SaveFastaiOptions } from './fastai.js';
export { checkSignatures, FASTAI } from './signatures.js';
