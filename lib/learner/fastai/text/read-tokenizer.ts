import { splitWhitespace } from '../../python/str.js';
import {
  asString,
  PyGlobal,
  PyObject,
  PyPartial,
  PyPath,
  qualifiedNameOf,
  type PyValue,
} from '../../torch/index.js';
import type { LearnerOptions, Tokenize } from '../contract.js';
import { UnreadableTokenizerError, UnsupportedTokenizerError } from '../errors.js';
import { readRules, type ReadRule } from './rules/read-rules.js';
import { readSpacyTokenizer, type SpacyTokenizer } from './spacy/read-language.js';
import type { TextCode } from './text-code.js';
import { WordRules } from './words/word-rules.js';
import { WordTokenizer, type Segment } from './words/word-tokenizer.js';

/** The options, with a SentencePiece model replaced by its function. */
export type TextOptions = Omit<LearnerOptions, 'tokenizer'> & {
  readonly tokenizer?: Tokenize | undefined;
};

/** A ready `Tokenizer` transform. */
export interface TextTokenizer {
  readonly tokenize: Tokenize;
  /** The tokens word by word; undefined if only the whole text can be tokenized. */
  readonly segments?: (text: string) => readonly Segment[] | undefined;
  /** The tokens of a whole text: the same, but slower. */
  readonly whole: Tokenize;
}

/**
 * A `Tokenizer` transform without its rules for tokens (`replace_space`), which fastai applies to
 * training data only.
 *
 * @throws UnknownTextRuleError, UnsupportedTokenizerError, RegexSyntaxError, UnsupportedRegexError
 */
export function readTokenizer(
  record: PyValue,
  options: Pick<TextOptions, 'rules' | 'tokenizer'> = {},
  code?: TextCode,
): TextTokenizer {
  if (!(record instanceof PyObject)) {
    throw new UnreadableTokenizerError('tokenizer', 'not an object');
  }
  const rules = readRules(record.attr('rules'), options.rules, code);
  const splitter = options.tokenizer ?? readSplitter(record.attr('tok'), code);
  const split = typeof splitter === 'function' ? splitter : splitter.tokenize;
  const whole: Tokenize = (text) => split(rules.reduce((ruled, rule) => rule.apply(ruled), text));
  const words = typeof splitter === 'function' ? undefined : wordByWord(rules, splitter);
  if (!words) return { tokenize: whole, whole };
  return {
    tokenize: (text) => words.read(text)?.flatMap(({ tokens }) => tokens) ?? whole(text),
    segments: (text) => words.read(text),
    whole,
  };
}

function wordByWord(
  rules: readonly ReadRule[],
  { rules: tokenizer, maxLength }: SpacyTokenizer,
): WordTokenizer | undefined {
  const wordRules = tokenizer && WordRules.of(rules);
  return wordRules && new WordTokenizer(wordRules, tokenizer, maxLength);
}

function readSplitter(
  tokenizer: PyValue | undefined,
  code: TextCode | undefined,
): Tokenize | SpacyTokenizer {
  if (tokenizer === undefined) throw new UnreadableTokenizerError('tokenizer', 'missing');
  const name =
    tokenizer instanceof PyObject
      ? tokenizer.className
      : tokenizer instanceof PyGlobal || tokenizer instanceof PyPartial
        ? qualifiedNameOf(tokenizer)
        : undefined;
  const fastaiName = /^fastai\.text\.core\.(\w+)$/.exec(name ?? '')?.[1];
  if (tokenizer instanceof PyObject) {
    switch (fastaiName) {
      case 'SpacyTokenizer':
      case 'WordTokenizer':
        return readSpacyTokenizer(tokenizer);
      case 'BaseTokenizer': {
        const splitChar = tokenizer.attr('split_char');
        if (splitChar === null) return splitWhitespace;
        return (text) => text.split(asString(splitChar) ?? ' ');
      }
      case 'SentencePieceTokenizer':
      case 'SubwordTokenizer':
        throw new UnsupportedTokenizerError(
          name as string,
          `${sentencePieceModel(tokenizer)}, which is not in the file`,
          "give it with Learner.load(file, { tokenizer: 'spm.model' })",
        );
    }
  }
  const own = code?.splitter(tokenizer);
  if (own) return own;
  throw new UnsupportedTokenizerError(name ?? 'an unnamed function');
}

function sentencePieceModel(tokenizer: PyObject): string {
  const model = tokenizer.attr('sp_model');
  const path = model instanceof PyPath ? model.path : asString(model);
  return path === undefined ? 'a SentencePiece model' : `the SentencePiece model "${path}"`;
}
