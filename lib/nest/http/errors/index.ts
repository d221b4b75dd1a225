export { RequestTimeoutError, ShuttingDownError, SlowBodyError } from './request.error.js';
export { InvalidModuleOptionError, DuplicateRootError } from './module.error.js';
