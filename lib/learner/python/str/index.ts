export { lower, upper } from './casing.js';
export { codePointLength, compareStrings } from './code-points.js';
export { isSpace, splitWhitespace, strip, WHITESPACE_CLASS } from './whitespace.js';
