import {
  asString,
  PyGlobal,
  PyObject,
  PyPartial,
  PyPath,
  qualifiedNameOf,
  type PyValue,
} from '../../torch/index.js';
import { BaseTokenizer } from './base-tokenizer.js';
import { UnreadableTokenizerError, UnsupportedTokenizerError } from './errors/index.js';
import { readRules, type TextRule, type TextRules } from './rules/read-rules.js';
import { SpacyTokenizer } from './spacy/read-language.js';

/** Texts to tokens, by all the rules that a learner applies when it predicts. */
export interface TextTokenizer {
  tokenize(text: string): string[];
}

/** What a caller puts in the place of Python code that is not in the file. */
export interface TokenizerOptions {
  /** Implementations of text rules by the name of the Python function. */
  rules?: TextRules | undefined;
  /** Takes the place of the learner's tokenizer; gets the text after all rules. */
  tokenizer?: ((text: string) => string[]) | undefined;
}

/**
 * Reads a fastai `Tokenizer` transform.
 *
 * Predictions apply its rules and its tokenizer, not the rules for tokens (`replace_space`): those
 * belong to the tokenization of training data only.
 *
 * @throws UnknownTextRuleError for a rule of the user's own that the options do not give
 * @throws UnsupportedTokenizerError for a tokenizer that is no data, unless the options give one
 * @throws RegexSyntaxError or UnsupportedRegexError for expressions that cannot be matched here
 */
export function readTokenizer(record: PyValue, options: TokenizerOptions = {}): TextTokenizer {
  if (!(record instanceof PyObject)) throw new UnreadableTokenizerError('tokenizer', 'no object');
  const rules = readRules(record.attr('rules'), options.rules);
  const splitter = options.tokenizer
    ? { tokenize: options.tokenizer }
    : readSplitter(record.attr('tok'));
  return new RuledTokenizer(rules, splitter);
}

class RuledTokenizer implements TextTokenizer {
  constructor(
    private readonly rules: readonly TextRule[],
    private readonly splitter: TextTokenizer,
  ) {}

  tokenize(text: string): string[] {
    let ruled = text;
    for (const rule of this.rules) ruled = rule(ruled);
    return this.splitter.tokenize(ruled);
  }
}

function readSplitter(tokenizer: PyValue | undefined): TextTokenizer {
  if (tokenizer === undefined) throw new UnreadableTokenizerError('tokenizer', 'missing');
  const name =
    tokenizer instanceof PyObject
      ? tokenizer.className
      : tokenizer instanceof PyGlobal || tokenizer instanceof PyPartial
        ? qualifiedNameOf(tokenizer)
        : undefined;
  const fastaiName = /^fastai2?\.text\.core\.(\w+)$/.exec(name ?? '')?.[1];
  if (tokenizer instanceof PyObject) {
    switch (fastaiName) {
      case 'SpacyTokenizer':
      case 'WordTokenizer':
        return SpacyTokenizer.read(tokenizer);
      case 'BaseTokenizer': {
        const splitChar = tokenizer.attr('split_char');
        return new BaseTokenizer(splitChar === null ? null : asString(splitChar));
      }
      case 'SentencePieceTokenizer':
      case 'SubwordTokenizer':
        throw new UnsupportedTokenizerError(name as string, sentencePieceReason(tokenizer));
    }
  }
  throw new UnsupportedTokenizerError(name ?? 'an unnamed function');
}

function sentencePieceReason(tokenizer: PyObject): string {
  const model = tokenizer.attr('sp_model');
  const path = model instanceof PyPath ? model.path : asString(model);
  return path === undefined
    ? 'a SentencePiece model, which cannot be run here'
    : `the SentencePiece model "${path}", which cannot be run here`;
}
