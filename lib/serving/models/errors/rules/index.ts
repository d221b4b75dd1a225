export { BatchableNotSupportedError } from './batchable-not-supported.error.js';
export { ModuleMethodError } from './module-method.error.js';
export { UnknownMethodError } from './unknown-method.error.js';
