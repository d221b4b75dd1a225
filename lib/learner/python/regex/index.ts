export { PythonPattern, type PythonMatch } from './pattern.js';
export { RegexSyntaxError, UnsupportedRegexError } from './python-regex.error.js';
