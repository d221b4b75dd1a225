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
import { readRules } from './rules/read-rules.js';
import { readSpacyTokenizer } from './spacy/read-language.js';

/**
 * A `Tokenizer` transform without its rules for tokens (`replace_space`), which fastai applies to
 * training data only.
 *
 * @throws UnknownTextRuleError, UnsupportedTokenizerError, RegexSyntaxError, UnsupportedRegexError
 */
export function readTokenizer(
  record: PyValue,
  options: Pick<LearnerOptions, 'rules' | 'tokenizer'> = {},
): { tokenize: Tokenize } {
  if (!(record instanceof PyObject)) {
    throw new UnreadableTokenizerError('tokenizer', 'not an object');
  }
  const rules = readRules(record.attr('rules'), options.rules);
  const split = options.tokenizer ?? readSplitter(record.attr('tok'));
  return { tokenize: (text) => split(rules.reduce((ruled, rule) => rule(ruled), text)) };
}

function readSplitter(tokenizer: PyValue | undefined): Tokenize {
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
        return readSpacyTokenizer(tokenizer);
      case 'BaseTokenizer': {
        const splitChar = tokenizer.attr('split_char');
        if (splitChar === null) return splitWhitespace;
        return (text) => text.split(asString(splitChar) ?? ' ');
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
  const what = path === undefined ? 'a SentencePiece model' : `the SentencePiece model "${path}"`;
  return `${what}, which cannot be run here`;
}
