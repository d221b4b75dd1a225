export {
  FrameworkMismatchError,
  ModelFileMissingError,
  NotSavableError,
  NotSavableModuleError,
} from './errors/save/index.js';
export * as fastai from './fastai/save.js';
export type { FastaiModel, LoadFastaiOptions, SaveFastaiOptions } from './fastai/save.js';
export * as pytorch from './pytorch/save.js';
export type {
  LoadPytorchOptions,
  PytorchModel,
  PytorchRunnerOptions,
  SavePytorchOptions,
} from './pytorch/save.js';
