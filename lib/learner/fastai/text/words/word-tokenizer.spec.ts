import { readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  PyGlobal,
  PyObject,
  PyPartial,
  readTorchFile,
  type PyValue,
} from '../../../torch/index.js';
import { readTokenizer } from '../read-tokenizer.js';

const RUNS = 400;

function read(name: string): PyValue {
  const url = new URL(`../../../../../test/fixtures/text/${name}.pt.gz`, import.meta.url);
  return readTorchFile(gunzipSync(readFileSync(url))).root;
}

/** Pieces that rules, affixes and special cases look for, and what may stand around them. */
const piece = fc.oneof(
  { weight: 6, arbitrary: fc.constantFrom(...'aAbBzZ09\'"’.,:;!?()-/#\\&<>@=_*$%^|~') },
  { weight: 4, arbitrary: fc.constantFrom(' ', ' ', ' ', '  ', '\n', '\t', '\u00a0', '\u2003') },
  {
    weight: 6,
    arbitrary: fc.constantFrom(
      "It's",
      'it',
      "'s",
      "don't",
      'WOW',
      'Word',
      'a.m.',
      '10',
      '10a.m.',
      'U.S.A.',
      ':)',
      ':-(',
      'so',
      'so so so',
      'had had',
      '...',
      '!!!',
      'sooooo',
      'aaa',
      'xxrep',
      'xxbos',
      '3',
      '33',
      '<br />',
      '<unk>',
      '&amp;',
      'amp;',
      '#39;',
      '&#39;',
      '&lt',
      'nbsp;',
      '\\n',
      '\\"',
      ' @-@ ',
      'http://a.b/c?d=1',
      'x@y.com',
      '7/10',
      '#tag',
      'C++',
      '(", ")',
      '8)',
      'ΑΣ',
      'Σ',
      'İ',
      'Mr.',
      'Dr',
      '.',
      'и',
      'ÉCOLE',
      'École',
      'z.B.',
      "j'ai",
      "aujourd'hui",
      'ß',
      'ẞ',
      'ﬁ',
    ),
  },
  { weight: 2, arbitrary: fc.string({ unit: 'grapheme', maxLength: 3 }) },
  { weight: 2, arbitrary: fc.string({ unit: 'binary', maxLength: 3 }) },
  {
    weight: 1,
    arbitrary: fc.constantFrom(
      '😀',
      '😀😀😀',
      '👩‍👩‍👧',
      '\ud800',
      '\udc00',
      '\ufeff',
      '\u0085',
      '\u001c',
    ),
  },
);
const text = fc.array(piece, { maxLength: 24 }).map((pieces) => pieces.join(''));

function attempt(tokenize: (text: string) => unknown, given: string): unknown {
  try {
    return tokenize(given);
  } catch (error) {
    return (error as Error).message;
  }
}

const english = read('en') as PyObject;

/** spaCy's English behind other rules. */
function ruledBy(rules: PyValue): PyObject {
  const record = new PyObject(new PyGlobal('fastai.text.core', 'Tokenizer'));
  record.attrs.set('rules', rules);
  record.attrs.set('tok', english.attr('tok')!);
  return record;
}

const rule = (name: string): PyValue => new PyGlobal('fastai.text.core', name);
const named = (...names: string[]): PyObject => ruledBy(names.map(rule));

const markers = new PyPartial(rule('lowercase'));
markers.kwargs.set('add_bos', false);
markers.kwargs.set('add_eos', true);

const records: [string, PyValue][] = [
  ...['en', 'de', 'fr', 'es', 'ru', 'tr', 'hi', 'fi', 'hu'].map((name): [string, PyValue] => [
    name,
    read(name),
  ]),
  ['markers', ruledBy([rule('fix_html'), rule('rm_useless_spaces'), markers])],
  ['spaces kept', named('replace_rep', 'spec_add_spaces', 'replace_maj', 'lowercase')],
  ['few rules', named('fix_html', 'replace_wrep', 'replace_all_caps', 'lowercase')],
];

describe('WordTokenizer', () => {
  it.each(records)('gives the tokens of the text as a whole (%s)', (_name, record) => {
    const { tokenize, segments, whole } = readTokenizer(record);
    let wordByWord = 0;
    fc.assert(
      fc.property(text, (given) => {
        expect(attempt(tokenize, given)).toEqual(attempt(whole, given));
        if (segments!(given)) wordByWord++;
      }),
      { numRuns: RUNS },
    );
    expect(wordByWord).toBeGreaterThan(RUNS / 3);
  });

  it('leaves a text to the rules if its words depend on each other', () => {
    const { segments } = readTokenizer(english);
    for (const given of ['so so so', 'so so so?', 'a a a', 'a: )', "it 's", 'a\ud800', '3 333 3']) {
      expect(segments!(given), given).toBeUndefined();
    }
    for (const given of ['I had had it', "It's :) a.m.", 'so so; so', 'aaa bbb', '']) {
      expect(segments!(given), given).toBeDefined();
    }
  });

  it('does not apply to rules that are not fastai’s, or in another order', () => {
    expect(readTokenizer(named('lowercase', 'replace_maj')).segments).toBeUndefined();
    expect(readTokenizer(named('replace_maj')).segments).toBeUndefined();
    const own = { rules: { replace_maj: (given: string) => given } };
    expect(readTokenizer(named('replace_maj', 'lowercase'), own).segments).toBeUndefined();
    expect(readTokenizer(named('replace_maj', 'lowercase')).segments).toBeDefined();
  });
});
