export * from './errors/index.js';
export { Numericalizer, readNumericalize } from './numericalizer.js';
export { readTokenizer, type TextTokenizer, type TokenizerOptions } from './read-tokenizer.js';
export type { TextRule, TextRules } from './rules/read-rules.js';
