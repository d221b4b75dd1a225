export { BatchInputError } from './batch-input.error.js';
export { BatchResultError } from './batch-result.error.js';
