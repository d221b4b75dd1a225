import type { Names } from '../../python/context.js';
import { asStr } from '../../python/builtins/unwrap.js';
import { fn } from '../../python/builtins/define.js';
import { iterator } from '../../python/builtins/iterators.js';
import { splitWhitespace } from '../../python/str.js';
import { TYPES } from '../../python/types.js';
import { Builtin, ClassValue, Instance, List, type Value } from '../../python/values.js';
import type { Tokenize } from '../contract.js';
import { lowercase } from './rules/casing.js';
import { FASTAI_RULES } from './rules/read-rules.js';
import { BOS, EOS, PAD, TK_MAJ, TK_REP, TK_UP, TK_WREP, UNK } from './special-tokens.js';

const MODULE = 'fastai.text.core';

const method = (name: string, call: Builtin['call']): [string, Value] => [
  name,
  new Builtin(name, call, true),
];

/** fastai's text functions, for code that calls them. */
export class SplitterNames implements Names {
  /** spaCy's tokenizers, by the object that contains one. */
  readonly spacy = new WeakMap<Instance, Tokenize>();
  readonly #spacyClass: ClassValue;
  readonly #values: ReadonlyMap<string, Value>;

  constructor() {
    this.#spacyClass = new ClassValue(
      'SpacyTokenizer',
      `${MODULE}.SpacyTokenizer`,
      [TYPES.object],
      [
        method('__init__', (ctx) => {
          throw ctx.unsupported('a tokenizer of spaCy that code makes is not supported');
        }),
        method('__call__', (ctx, [self, texts = null]) => {
          const tokenize = self instanceof Instance ? this.spacy.get(self) : undefined;
          if (!tokenize) throw ctx.unsupported('a tokenizer of spaCy that is not in the file');
          function* all(): Generator<Value> {
            for (const text of ctx.iterate(texts)) {
              const tokens = tokenize!(asStr(text) ?? ctx.str(text));
              ctx.budget.charge(tokens.length);
              yield new List(tokens);
            }
          }
          return iterator('generator', all());
        }),
      ],
    );
    this.#values = new Map<string, Value>([
      ...Object.entries({ UNK, PAD, BOS, EOS, TK_REP, TK_WREP, TK_UP, TK_MAJ, FLD: 'xxfld' }),
      ...[...FASTAI_RULES].map(([name, rule]): [string, Value] => [
        name,
        fn(name, 't', (ctx, given) => {
          const text = given.str('t');
          ctx.budget.step(1 + text.length);
          const ruled = rule(text);
          ctx.budget.charge(ruled.length);
          return ruled;
        }),
      ]),
      [
        'lowercase',
        fn('lowercase', 't, add_bos=, add_eos=', (ctx, given) => {
          const text = given.str('t');
          ctx.budget.step(1 + text.length);
          return lowercase(text, given.truth('add_bos', true), given.truth('add_eos', false));
        }),
      ],
      ['BaseTokenizer', BASE],
      ['SpacyTokenizer', this.#spacyClass],
      ['WordTokenizer', this.#spacyClass],
    ]);
  }

  isSpacy(cls: ClassValue): boolean {
    return cls.isSubclassOf(this.#spacyClass);
  }

  resolve(qualifiedName: string): Value | undefined {
    const dot = qualifiedName.lastIndexOf('.');
    const module = qualifiedName.slice(0, dot);
    if (module !== MODULE && module !== 'fastai.text.all') return undefined;
    return this.#values.get(qualifiedName.slice(dot + 1));
  }

  isModule(path: string): boolean {
    return path === MODULE;
  }
}

/** `BaseTokenizer(split_char)`. */
const BASE = new ClassValue(
  'BaseTokenizer',
  `${MODULE}.BaseTokenizer`,
  [TYPES.object],
  [
    method('__init__', (ctx, [self = null, split = ' '], kwargs) => {
      ctx.setAttr(self, 'split_char', kwargs.get('split_char') ?? split);
      return null;
    }),
    method('__call__', (ctx, [self = null, texts = null]) => {
      const split = ctx.getAttr(self, 'split_char');
      function* all(): Generator<Value> {
        for (const text of ctx.iterate(texts)) {
          const plain = asStr(text) ?? ctx.str(text);
          ctx.budget.step(1 + plain.length);
          const parts = split === null ? splitWhitespace(plain) : plain.split(asStr(split) ?? ' ');
          ctx.budget.charge(parts.length);
          yield new List(parts);
        }
      }
      return iterator('generator', all());
    }),
  ],
);
