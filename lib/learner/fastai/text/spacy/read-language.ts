import { PythonPattern } from '../../../python/regex/index.js';
import { codePointLength } from '../../../python/str.js';
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
import {
  TextTooLongError,
  UnpairedSurrogateError,
  UnreadableTokenizerError,
  UnsupportedTokenizerError,
} from '../errors/index.js';
import { CharacterTokenizer } from './character-tokenizer.js';
import { RuleTokenizer } from './rule-tokenizer.js';

/** `spacy.attrs.ORTH`: the key of a token's text in a special case. */
const ORTH = 65;
/** `nlp.max_length` where the file has none. */
const MAX_LENGTH = 1_000_000;

const UNPAIRED_SURROGATE = /\p{Surrogate}/u;

interface Splitter {
  tokenize(text: string): string[];
}

/** fastai's `SpacyTokenizer`: the tokenizer of a blank spaCy language, read from the file. */
export class SpacyTokenizer {
  private constructor(
    private readonly splitter: Splitter,
    private readonly maxLength: number,
  ) {}

  /**
   * @throws UnsupportedTokenizerError for languages whose tokenizer is no set of rules
   * @throws UnreadableTokenizerError when the language is not in the file
   */
  static read(record: PyObject): SpacyTokenizer {
    const language = findLanguage(record.attr('pipe') ?? record.attr('nlp'));
    if (!language) throw new UnreadableTokenizerError('spaCy language', 'missing');
    return new SpacyTokenizer(
      readSplitter(language.attr('tokenizer')),
      asNumber(language.attr('max_length')) ?? MAX_LENGTH,
    );
  }

  /**
   * @throws TextTooLongError for texts longer than `nlp.max_length`, which spaCy refuses
   * @throws UnpairedSurrogateError for texts that are no valid Unicode, which spaCy refuses as well
   */
  tokenize(text: string): string[] {
    if (text.length > this.maxLength) {
      const length = codePointLength(text);
      if (length > this.maxLength) throw new TextTooLongError(length, this.maxLength);
    }
    if (UNPAIRED_SURROGATE.test(text)) throw new UnpairedSurrogateError();
    return this.splitter.tokenize(text);
  }
}

/**
 * The language behind `nlp.pipe`, however the bound method was pickled: `getattr(nlp, 'pipe')`, or
 * `MethodType(Language.pipe, nlp)`.
 */
function findLanguage(value: PyValue | undefined): PyObject | undefined {
  if (!(value instanceof PyObject)) return undefined;
  if (value.attr('tokenizer') !== undefined) return value;
  for (const arg of value.args) {
    if (arg instanceof PyObject && arg.attr('tokenizer') !== undefined) return arg;
  }
  return undefined;
}

function readSplitter(record: PyValue | undefined): Splitter {
  if (!(record instanceof PyObject))
    throw new UnreadableTokenizerError('spaCy tokenizer', 'missing');
  switch (record.className) {
    case 'spacy.tokenizer.Tokenizer':
      return readRuleTokenizer(record);
    case 'spacy.lang.zh.ChineseTokenizer': {
      const segmenter = asString(record.attr('segmenter')) ?? 'char';
      if (segmenter === 'char') return new CharacterTokenizer();
      throw new UnsupportedTokenizerError(
        record.className,
        `which segments with ${segmenter}, a program and model outside the file`,
      );
    }
    default:
      throw new UnsupportedTokenizerError(record.className);
  }
}

/**
 * `Tokenizer(vocab, rules, prefix_search, suffix_search, infix_finditer, token_match, url_match)`.
 */
function readRuleTokenizer(record: PyObject): RuleTokenizer {
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

/** The text of a token; spaCy takes the attribute by its number or by its name in any case. */
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
  if (name === undefined) throw new UnreadableTokenizerError(part, 'no regular expression');
  throw new UnsupportedTokenizerError(
    name,
    `the ${part} of its spaCy tokenizer, whose code is not in the file`,
  );
}
