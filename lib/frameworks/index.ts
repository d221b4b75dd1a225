export {
  FrameworkMismatchError,
  ModelFileMissingError,
  NotSavableError,
  NotSavableModuleError,
} from './errors/index.js';
export * as fastai from './fastai.js';
export type { FastaiModel, LoadFastaiOptions, SaveFastaiOptions } from './fastai.js';
export * as pytorch from './pytorch.js';
export type {
  LoadPytorchOptions,
  PytorchModel,
  PytorchRunnerOptions,
  SavePytorchOptions,
} from './pytorch.js';
