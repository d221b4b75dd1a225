export { listed, quoted, shortened } from './wording.js';
export { InputError, VtsError } from './vts.error.js';
export { withoutStack } from './without-stack.js';
