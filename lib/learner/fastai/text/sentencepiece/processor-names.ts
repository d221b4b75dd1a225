import { asStr } from '../../../python/builtins/unwrap.js';
import { iterator } from '../../../python/builtins/iterators.js';
import type { Context, Names } from '../../../python/context.js';
import { TYPES } from '../../../python/types.js';
import { Builtin, ClassValue, Instance, List, type Value } from '../../../python/values.js';
import type { PyObject } from '../../../torch/index.js';
import type { Tokenize } from '../../contract.js';
import { processorOf } from './given-model.js';

const method = (name: string, call: Builtin['call']): [string, Value] => [
  name,
  new Builtin(name, call, true),
];

/**
 * The `SentencePieceProcessor`s of a file for code that calls them, and fastai's wrapper class for
 * classes that extend it.
 */
export class ProcessorNames implements Names {
  readonly #processors = new WeakMap<Instance, Tokenize>();
  readonly #values: ReadonlyMap<string, Value>;

  constructor() {
    const pieces: Builtin['call'] = (ctx, [self, input = null]) => this.#pieces(ctx, self, input);
    const encode: Builtin['call'] = (ctx, [self, input = null, type], kwargs) => {
      const wanted = kwargs.get('out_type') ?? type;
      if (wanted !== TYPES.str || kwargs.size > 1) {
        throw ctx.unsupported('SentencePieceProcessor.encode supports only pieces: out_type=str');
      }
      return this.#pieces(ctx, self, input);
    };
    const processor = new ClassValue(
      'SentencePieceProcessor',
      'sentencepiece.SentencePieceProcessor',
      [TYPES.object],
      [
        method('EncodeAsPieces', pieces),
        method('encode_as_pieces', pieces),
        method('Encode', encode),
        method('encode', encode),
      ],
    );
    const tokenizer = new ClassValue(
      'SentencePieceTokenizer',
      'fastai.text.core.SentencePieceTokenizer',
      [TYPES.object],
      [
        method('__call__', (ctx, [self = null, texts = null]) => {
          const one = ctx.getAttr(self, 'tok');
          const split = (text: Value): Value => this.#pieces(ctx, one, text);
          function* all(): Generator<Value> {
            for (const text of ctx.iterate(texts)) yield split(text);
          }
          return iterator('generator', all());
        }),
      ],
    );
    this.#values = new Map<string, Value>([
      ['sentencepiece.SentencePieceProcessor', processor],
      ['fastai.text.core.SentencePieceTokenizer', tokenizer],
      ['fastai.text.core.SubwordTokenizer', tokenizer],
      ['fastai.text.all.SentencePieceTokenizer', tokenizer],
      ['fastai.text.all.SubwordTokenizer', tokenizer],
    ]);
  }

  /** Gives the model of a record the object that code knows; false for other records. */
  adopt(record: PyObject, instance: Instance): boolean {
    const tokenize = processorOf(record);
    if (tokenize) this.#processors.set(instance, tokenize);
    return tokenize !== undefined;
  }

  resolve(qualifiedName: string): Value | undefined {
    return this.#values.get(qualifiedName);
  }

  isModule(path: string): boolean {
    return path === 'sentencepiece';
  }

  #pieces(ctx: Context, self: Value | undefined, input: Value): Value {
    const tokenize = self instanceof Instance ? this.#processors.get(self) : undefined;
    if (!tokenize) throw ctx.unsupported('a SentencePieceProcessor that is not in the file');
    const text = asStr(input);
    if (text === undefined) {
      return new List(Array.from(ctx.iterate(input), (each) => this.#pieces(ctx, self, each)));
    }
    ctx.budget.step(1 + text.length);
    const found = tokenize(text);
    ctx.budget.charge(found.length);
    return new List(found);
  }
}
