export { RequestTimeoutError, ShuttingDownError } from './request.error.js';
export { InvalidModuleOptionError, DuplicateRootError } from './module.error.js';
