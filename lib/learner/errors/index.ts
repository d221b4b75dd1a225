export { InputError, VtsError } from './vts.error.js';
export { withoutStack } from './without-stack.js';
