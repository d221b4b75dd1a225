export { FrameworkMismatchError } from './framework-mismatch.error.js';
export { ModelFileMissingError } from './model-file-missing.error.js';
export { NotSavableError } from './not-savable.error.js';
export { NotSavableModuleError } from './not-savable-module.error.js';
