export { InputError, VtsError } from './vts.error.js';
