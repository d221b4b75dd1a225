export { BatchableNotSupportedError } from './batchable-not-supported.error.js';
export { FrameworkMismatchError } from './framework-mismatch.error.js';
export { ModelFileMissingError } from './model-file-missing.error.js';
export { NotSavableError } from './not-savable.error.js';
export { UnknownMethodError } from './unknown-method.error.js';
