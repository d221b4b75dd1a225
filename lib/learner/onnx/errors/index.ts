export { ExecutionProviderError } from './execution-provider.error.js';
export { GraphError } from './graph.error.js';
export { MalformedModuleError } from './malformed-module.error.js';
export { ModelTooLargeError } from './model-too-large.error.js';
export { SessionCreationError, SessionReleasedError } from './session.error.js';
export { TextInputError } from './text-input.error.js';
export { UnsupportedDTypeError } from './unsupported-dtype.error.js';
export { UnsupportedModuleError } from './unsupported-module.error.js';
