export { TextTooLongError, UnpairedSurrogateError } from './text-input.error.js';
export { UnknownTextRuleError } from './unknown-text-rule.error.js';
export { UnsupportedTokenizerError } from './unsupported-tokenizer.error.js';
export { UnreadableTokenizerError } from './unreadable-tokenizer.error.js';
