import { readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { PyDict, PyGlobal, PyObject, readTorchFile, type PyValue } from '../../torch/index.js';
import type { TextRules } from '../contract.js';
import {
  TextTooLongError,
  UnknownTextRuleError,
  UnpairedSurrogateError,
  UnreadableTokenizerError,
  UnsupportedTokenizerError,
} from '../errors.js';
import { readNumericalize } from './numericalizer.js';
import { readTokenizer } from './read-tokenizer.js';

type Case = [text: string, tokens: string[]];

function fixture(name: string): Buffer {
  return gunzipSync(
    readFileSync(new URL(`../../../../test/fixtures/text/${name}.gz`, import.meta.url)),
  );
}

function cases<T>(name: string): T {
  return JSON.parse(fixture(`${name}.json`).toString()) as T;
}

function read(name: string): PyValue {
  return readTorchFile(fixture(`${name}.pt`)).root;
}

const variants = read('variants') as PyDict;

function variant(name: string): PyValue {
  return variants.get(name) as PyValue;
}

describe('readTokenizer', () => {
  it.each(['en', 'de', 'fr', 'es', 'ru', 'tr', 'hi', 'fi', 'hu'])(
    'splits texts as fastai with spaCy does (%s)',
    (language) => {
      const tokenizer = readTokenizer(read(language));
      const different = cases<Case[]>(language)
        .map(([text, expected]) => ({ text, expected, actual: tokenizer.tokenize(text) }))
        .filter(({ expected, actual }) => JSON.stringify(expected) !== JSON.stringify(actual));
      expect(different).toEqual([]);
    },
  );

  it('gives the same tokens for words that it has seen before', () => {
    const tokenizer = readTokenizer(read('en'));
    const texts = cases<Case[]>('en').slice(0, 800);
    const first = texts.map(([text]) => tokenizer.tokenize(text));
    const again = texts.map(([text]) => tokenizer.tokenize(text));
    expect(again).toEqual(first);
    const joined = texts.slice(0, 50).map(([text]) => text);
    const fresh = readTokenizer(read('en'));
    expect(tokenizer.tokenize(joined.join(' '))).toEqual(fresh.tokenize(joined.join(' ')));
  });

  const other = Object.entries(cases<Record<string, Case[]>>('variants'));
  it.each(other)('splits as fastai does with other rules and tokenizers (%s)', (name, expected) => {
    const tokenizer = readTokenizer(variant(name));
    expect(expected.map(([text]) => [text, tokenizer.tokenize(text)])).toEqual(expected);
  });

  it('names a rule of the user, and takes its implementation', () => {
    expect(() => readTokenizer(variant('own_rule'))).toThrow(UnknownTextRuleError);
    expect(() => readTokenizer(variant('own_rule'))).toThrow(
      /"__main__\.shout".*rules: \{ 'shout': \(text\) => text \}/,
    );
    const shout = (text: string): string => text.toUpperCase();
    const named: TextRules[] = [{ shout }, { '__main__.shout': shout }];
    for (const rules of named) {
      expect(readTokenizer(variant('own_rule'), { rules }).tokenize('a &lt; b')).toEqual([
        'A',
        '<',
        'B',
      ]);
    }
  });

  it('takes no rule from the prototype of the options', () => {
    const rule = new PyGlobal('__main__', 'constructor');
    const record = tokenizerRecord({ rules: [rule], tok: new PyObject(baseTokenizer) });
    expect(() => readTokenizer(record, { rules: {} })).toThrow(UnknownTextRuleError);
  });

  it('names a tokenizer of the user, and takes its implementation', () => {
    expect(() => readTokenizer(variant('own_class'))).toThrow(UnsupportedTokenizerError);
    expect(() => readTokenizer(variant('own_class'))).toThrow(/"__main__\.WordPieces"/);
    const tokenizer = readTokenizer(variant('own_class'), { tokenizer: (text) => text.split('-') });
    expect(tokenizer.tokenize('An-b')).toEqual(['xxbos xxmaj an', 'b']);
  });

  it('names the model of a SentencePiece tokenizer', () => {
    expect(() => readTokenizer(variant('sentence_piece'))).toThrow(
      /SentencePieceTokenizer", the SentencePiece model "tmp\/spm\.model"/,
    );
  });

  it('refuses what spaCy refuses', () => {
    const tokenizer = readTokenizer(read('hi'));
    const numbers = Array.from({ length: 160_000 }, (_, i) => i).join(' ');
    expect(() => tokenizer.tokenize(numbers)).toThrow(TextTooLongError);
    expect(() => tokenizer.tokenize('a\ud800b')).toThrow(UnpairedSurrogateError);
  });

  it('says what is missing in a damaged file', () => {
    expect(() => readTokenizer(null)).toThrow(UnreadableTokenizerError);
    expect(() => readTokenizer(tokenizerRecord({}))).toThrow(/tokenizer is missing/);
    const spacy = new PyObject(new PyGlobal('fastai.text.core', 'SpacyTokenizer'));
    expect(() => readTokenizer(tokenizerRecord({ tok: spacy }))).toThrow(
      /spaCy language is missing/,
    );
  });

  it.each<[string, Record<string, PyValue>, string]>([
    ['ja.JapaneseTokenizer', {}, 'SudachiPy'],
    ['ko.KoreanTokenizer', {}, 'mecab-ko'],
    ['th.ThaiTokenizer', {}, 'PyThaiNLP'],
    ['vi.VietnameseTokenizer', {}, 'Pyvi'],
    ['zh.ChineseTokenizer', { segmenter: 'pkuseg' }, 'pkuseg'],
    ['zh.ChineseTokenizer', { segmenter: segmenter('jieba') }, 'jieba'],
    ['zh.ChineseTokenizer', { use_jieba: true, use_pkuseg: false }, 'jieba'],
    ['zh.ChineseTokenizer', { use_jieba: false, use_pkuseg: true }, 'pkuseg'],
    ['zh.ChineseTokenizer', {}, 'jieba'],
  ])("names a language's own tokenizer: %s %o", (name, attrs, program) => {
    const record = tokenizerRecord({ rules: [], tok: spacyWith(name, attrs) });
    expect(() => readTokenizer(record)).toThrow(
      `"spacy.lang.${name}", which segments texts with ${program}, a program and model outside the file`,
    );
    const given = readTokenizer(record, { tokenizer: (text) => [...text] });
    expect(given.tokenize('ab')).toEqual(['a', 'b']);
  });

  it.each<[Record<string, PyValue>]>([
    [{ segmenter: 'char' }],
    [{ segmenter: segmenter('char') }],
    [{ use_jieba: false, use_pkuseg: false }],
  ])('splits Chinese by characters where spaCy does: %o', (attrs) => {
    const tok = spacyWith('zh.ChineseTokenizer', attrs);
    expect(readTokenizer(tokenizerRecord({ rules: [], tok })).tokenize('汤 很好')).toEqual([
      '汤',
      '很',
      '好',
    ]);
  });
});

describe('readNumericalize', () => {
  it('gives ids by the table of the file, 0 for unknown tokens', () => {
    const numericalizer = readNumericalize(variant('numericalize'));
    expect(numericalizer.vocab).toHaveLength(7);
    const tokens = ['xxbos', 'hello', 'nobody', 'xxfake', '__proto__', 'a'];
    // The table of a given vocabulary holds its fillers too.
    expect([...numericalizer.encode(tokens)]).toEqual([2, 3, 0, 6, 0, 4]);
    expect([...readNumericalize(variant('list_vocab')).encode(tokens)]).toEqual([2, 3, 0, 6, 0, 4]);
  });

  it('makes the table from the vocabulary where the file has none', () => {
    const record = new PyObject(new PyGlobal('fastai.text.data', 'Numericalize'));
    record.attrs.set('vocab', ['xxunk', 'a', 'xxfake']);
    expect([...readNumericalize(record).encode(['a', 'xxfake', 'b'])]).toEqual([1, 0, 0]);
  });

  it('says that a vocabulary is missing', () => {
    const record = new PyObject(new PyGlobal('fastai.text.data', 'Numericalize'));
    expect(() => readNumericalize(record)).toThrow(UnreadableTokenizerError);
  });
});

/** fastai's SpacyTokenizer around a language with a tokenizer of its own. */
function spacyWith(name: string, attrs: Readonly<Record<string, PyValue>>): PyObject {
  const [module, className] = name.split('.') as [string, string];
  const own = new PyObject(new PyGlobal(`spacy.lang.${module}`, className));
  for (const [key, value] of Object.entries(attrs)) own.attrs.set(key, value);
  const language = new PyObject(new PyGlobal(`spacy.lang.${module}`, 'Language'));
  language.attrs.set('tokenizer', own);
  const spacy = new PyObject(new PyGlobal('fastai.text.core', 'SpacyTokenizer'));
  spacy.attrs.set('pipe', new PyObject(new PyGlobal('builtins', 'getattr'), [language, 'pipe']));
  return spacy;
}

/** A member of the enumeration that spaCy 3.0 keeps. */
function segmenter(name: string): PyObject {
  return new PyObject(new PyGlobal('spacy.lang.zh', 'Segmenter'), [name]);
}

const baseTokenizer = new PyGlobal('fastai.text.core', 'BaseTokenizer');

function tokenizerRecord(attrs: { rules?: PyValue; tok?: PyValue }): PyObject {
  const record = new PyObject(new PyGlobal('fastai.text.core', 'Tokenizer'));
  if (attrs.rules !== undefined) record.attrs.set('rules', attrs.rules);
  if (attrs.tok !== undefined) record.attrs.set('tok', attrs.tok);
  return record;
}
