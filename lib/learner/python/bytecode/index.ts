export { decodeCode } from './decode.js';
export { RawCode, type CodeArgument } from './raw-code.js';
export { CodeVersion } from './version.js';
export { showCode } from './show.js';
