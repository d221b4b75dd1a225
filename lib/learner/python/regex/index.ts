export { PythonPattern, type PythonMatch } from './pattern.js';
export { RegexFlag } from './flags.js';
export { RegexSyntaxError, UnsupportedRegexError } from './python-regex.error.js';
