import { PythonPattern } from '../../../python/regex/index.js';
import { codePointLength, isSpace } from '../../../python/str.js';
import {
  asDict,
  asItems,
  asNumber,
  asString,
  PyDict,
  PyObject,
  PyRegex,
  qualifiedNameOf,
  type PyValue,
} from '../../../torch/index.js';
import type { Tokenize } from '../../contract.js';
import {
  TextTooLongError,
  UnpairedSurrogateError,
  UnreadableTokenizerError,
  UnsupportedTokenizerError,
} from '../../errors.js';
import { RuleTokenizer } from './rule-tokenizer.js';

/** `spacy.attrs.ORTH`: the key of a token's text in a special case. */
const ORTH = 65;
/** The default of `nlp.max_length`. */
const MAX_LENGTH = 1_000_000;

/** The tokenizer of a spaCy language. */
export interface SpacyTokenizer {
  readonly tokenize: Tokenize;
  /** Its rules, if it is spaCy's rule tokenizer. */
  readonly rules: RuleTokenizer | undefined;
  /** The limit on the characters of a text. */
  readonly maxLength: number;
}

/**
 * fastai's `SpacyTokenizer`: the tokenizer of a blank spaCy language. Refuses what spaCy refuses.
 *
 * @throws UnsupportedTokenizerError for languages whose tokenizer is not a set of rules
 * @throws UnreadableTokenizerError if the language is not in the file
 */
export function readSpacyTokenizer(record: PyObject): SpacyTokenizer {
  const language = findLanguage(record.attr('pipe') ?? record.attr('nlp'));
  if (!language) throw new UnreadableTokenizerError('spaCy language', 'missing');
  const rules = readSplitter(language.attr('tokenizer'));
  const maxLength = asNumber(language.attr('max_length')) ?? MAX_LENGTH;
  const tokenize = (text: string): string[] => {
    if (text.length > maxLength) {
      const length = codePointLength(text);
      if (length > maxLength) throw new TextTooLongError(length, maxLength);
    }
    if (!text.isWellFormed()) throw new UnpairedSurrogateError();
    return rules ? rules.tokenize(text) : splitCharacters(text);
  };
  return { tokenize, rules, maxLength };
}

/** `nlp.pipe` was pickled as `getattr(nlp, 'pipe')` or as `MethodType(Language.pipe, nlp)`. */
function findLanguage(value: PyValue | undefined): PyObject | undefined {
  if (!(value instanceof PyObject)) return undefined;
  return [value, ...value.args].find(
    (each): each is PyObject => each instanceof PyObject && each.attr('tokenizer') !== undefined,
  );
}

/** Undefined for spaCy's Chinese, where every character is a token. */
function readSplitter(record: PyValue | undefined): RuleTokenizer | undefined {
  if (!(record instanceof PyObject)) {
    throw new UnreadableTokenizerError('spaCy tokenizer', 'missing');
  }
  switch (record.className) {
    case 'spacy.tokenizer.Tokenizer':
      return readRules(record);
    case 'spacy.lang.zh.ChineseTokenizer': {
      const segmenter = chineseSegmenter(record);
      if (segmenter === 'char') return undefined;
      throw outside(record, segmenter);
    }
    default: {
      const program = PROGRAMS.get(record.className);
      throw program ? outside(record, program) : new UnsupportedTokenizerError(record.className);
    }
  }
}

/** The programs of spaCy's tokenizers that are not a set of rules. */
const PROGRAMS = new Map([
  ['spacy.lang.ja.JapaneseTokenizer', 'SudachiPy'],
  ['spacy.lang.ko.KoreanTokenizer', 'mecab-ko'],
  ['spacy.lang.th.ThaiTokenizer', 'PyThaiNLP'],
  ['spacy.lang.vi.VietnameseTokenizer', 'Pyvi'],
]);

function outside({ className }: PyObject, program: string): UnsupportedTokenizerError {
  return new UnsupportedTokenizerError(
    className,
    `which segments texts with ${program}, a program and model outside the file`,
  );
}

/** A name or, in spaCy 3.0, a member of an enumeration; spaCy 2 has a switch for each segmenter. */
function chineseSegmenter(record: PyObject): string {
  const value = record.attr('segmenter');
  const name = asString(value instanceof PyObject ? value.args[0] : value);
  if (name !== undefined) return name;
  const switches = ['use_jieba', 'use_pkuseg'] as const;
  const on = switches.find((each) => record.attr(each) !== false);
  return on?.slice('use_'.length) ?? 'char';
}

/** `Tokenizer(vocab, rules, prefix_search, suffix_search, infix_finditer, token_match, …)`. */
function readRules(record: PyObject): RuleTokenizer {
  const [, rules, prefix, suffix, infix, tokenMatch, urlMatch] = record.args;
  return new RuleTokenizer({
    specialCases: readSpecialCases(rules),
    prefix: readPattern('prefix_search', prefix),
    suffix: readPattern('suffix_search', suffix),
    infix: readPattern('infix_finditer', infix),
    tokenMatch: readPattern('token_match', tokenMatch),
    urlMatch: readPattern('url_match', urlMatch),
  });
}

function readSpecialCases(value: PyValue | undefined): Map<string, readonly string[]> {
  const cases = new Map<string, readonly string[]>();
  for (const [text, tokens] of asDict(value) ?? new PyDict()) {
    if (typeof text !== 'string' || text === '') continue;
    cases.set(text, (asItems(tokens) ?? []).map(readOrth));
  }
  return cases;
}

/** The text of a token; spaCy accepts the attribute by number, or by name in any case. */
function readOrth(token: PyValue): string {
  for (const [key, value] of asDict(token) ?? new PyDict()) {
    const isOrth = key === ORTH || (typeof key === 'string' && key.toUpperCase() === 'ORTH');
    if (isOrth && typeof value === 'string') return value;
  }
  throw new UnreadableTokenizerError('list of special cases', 'damaged');
}

/** The pattern behind a bound method such as `re.compile(...).search`. */
function readPattern(part: string, value: PyValue | undefined): PythonPattern | undefined {
  if (value === undefined || value === null) return undefined;
  const owner =
    value instanceof PyObject ? value.args.find((arg) => arg instanceof PyRegex) : value;
  if (owner instanceof PyRegex) return new PythonPattern(owner.pattern, owner.flags);
  const name = qualifiedNameOf(value);
  if (name === undefined) throw new UnreadableTokenizerError(part, 'not a regular expression');
  throw new UnsupportedTokenizerError(
    name,
    `the ${part} of its spaCy tokenizer, whose code the file does not contain`,
  );
}

/** spaCy's Chinese tokenizer with its `char` segmenter: every character is a token. */
function splitCharacters(text: string): string[] {
  const tokens: string[] = [];
  let space = '';
  let afterToken = false;
  for (const char of text) {
    if (isSpace(char.charCodeAt(0))) {
      // The first space after a token belongs to it; further white space is a token.
      if (afterToken && char === ' ') afterToken = false;
      else space += char;
      if (space) afterToken = false;
      continue;
    }
    if (space) tokens.push(space);
    space = '';
    tokens.push(char);
    afterToken = true;
  }
  if (space) tokens.push(space);
  return tokens;
}
