import { phase } from '../../runtime/phases.js';
import { asString, PyDict, PyGlobal, PyObject, type PyValue } from '../../torch/index.js';
import { entryStage, qualifiedName, transformName } from '../data/pipeline.js';
import { describeItem, UnexpectedItemError, UnsupportedLearnerError } from '../errors.js';
import type { LearnerFile } from '../learner-file.js';
import type { ShownText } from '../shown.js';
import { readNumericalize, type Numericalizer } from './numericalizer.js';
import type { Segment } from './words/word-tokenizer.js';
import { readTokenizer, type TextOptions, type TextTokenizer } from './read-tokenizer.js';
import { UNK } from './special-tokens.js';
import type { TextCode, TextStep } from './text-code.js';

/** The transforms of fastai's `TextBlock`: from a text to token ids. */
export class TextPipeline {
  private constructor(
    private readonly tokenizer: TextTokenizer | undefined,
    private readonly numericalizer: Numericalizer,
    /** Whether the model reads the end first. */
    readonly backwards: boolean,
    /** The separator between the words of a text made from tokens. */
    readonly separator: string,
    /** The user's own transforms, of texts and of lists of tokens. */
    private readonly own: {
      readonly text: readonly TextStep[];
      readonly tokens: readonly TextStep[];
    },
  ) {}

  /** @throws UnsupportedLearnerError if only the name of a transform of the text is known. */
  static read(file: LearnerFile, options: TextOptions, code?: TextCode): TextPipeline {
    // Readers before the text (`get_x`, columns of a data frame) are for training data.
    const { transforms = [], types } = file.dls.inputs[0] ?? {};
    const start = entryStage(types, (type) => type === 'str') ?? firstOfText(transforms);
    let tokenizer: TextTokenizer | undefined;
    let numericalizer: Numericalizer | undefined;
    let backwards = false;
    let separator = ' ';
    const own: { text: TextStep[]; tokens: TextStep[] } = { text: [], tokens: [] };
    for (const transform of transforms.slice(start)) {
      const name = transformName(transform);
      if (name === 'Tokenizer' && !numericalizer) {
        tokenizer = readTokenizer(transform, options, code);
        separator = separatorOf(transform) ?? separator;
      } else if (name === 'Numericalize' && !numericalizer) {
        numericalizer = readNumericalize(transform);
      } else if (numericalizer && isReversal(transform)) {
        backwards = !backwards;
      } else if (options.trainingOnly && isTrainingOnly(transform, options.trainingOnly)) {
        continue;
      } else {
        const step = numericalizer ? undefined : code?.step(transform);
        if (step) {
          own[tokenizer ? 'tokens' : 'text'].push(step);
          continue;
        }
        throw new UnsupportedLearnerError(
          `The learner changes its texts with "${qualifiedName(transform)}", whose code the ` +
            'file does not contain',
          'apply that function before predict() and export the learner without it',
        );
      }
    }
    if (!numericalizer) {
      throw new UnsupportedLearnerError(
        'The learner has no Numericalize transform for its texts',
        'export a learner from a TextBlock',
      );
    }
    return new TextPipeline(tokenizer, numericalizer, backwards, separator, own);
  }

  get vocab(): readonly string[] {
    return this.numericalizer.vocab;
  }

  encode(item: unknown): Int32Array {
    const ids = phase('tokenize', () => this.#idsOf(item));
    return this.backwards ? ids.reverse() : ids;
  }

  /** The tokens of the ids, in the model's order. */
  show(item: unknown): ShownText {
    return { tokens: this.tokensOf(this.encode(item)) };
  }

  tokensOf(ids: Int32Array): string[] {
    return Array.from(ids, (id) => this.vocab[id] ?? UNK);
  }

  tokenize(item: unknown): string[] {
    return this.#segments(item)?.flatMap(({ tokens }) => tokens) ?? this.#whole(item);
  }

  #idsOf(item: unknown): Int32Array {
    const segments = this.#segments(item);
    return segments
      ? this.numericalizer.encodeSegments(segments)
      : this.numericalizer.encode(this.#whole(item));
  }

  #segments(item: unknown): readonly Segment[] | undefined {
    if (typeof item !== 'string' || this.own.tokens.length > 0) return undefined;
    const text = changed(this.own.text, item);
    return typeof text === 'string' ? this.tokenizer?.segments?.(text) : undefined;
  }

  #whole(given: unknown): string[] {
    const item = changed(this.own.text, given);
    const tokens = changed(this.own.tokens, this.#split(item));
    if (Array.isArray(tokens)) return tokens;
    throw new UnexpectedItemError('a text after its transforms', 'a list of tokens');
  }

  #split(item: unknown): string[] {
    // Tokens made elsewhere pass fastai's Tokenizer unchanged.
    if (Array.isArray(item) && item.every((token) => typeof token === 'string')) return item;
    if (typeof item !== 'string') throw new UnexpectedItemError(describeItem(item), 'a text');
    if (this.tokenizer) return this.tokenizer.whole(item);
    throw new UnexpectedItemError('a text', 'a list of tokens, because it has no tokenizer');
  }
}

/** Applies the user's own transforms to a text or to tokens; other items do not change. */
function changed<T>(steps: readonly TextStep[], item: T): T | string | string[] {
  let made: T | string | string[] = item;
  for (const step of steps) {
    if (typeof made === 'string' || isTokens(made)) made = step(made);
  }
  return made;
}

const isTokens = (item: unknown): item is string[] =>
  Array.isArray(item) && item.every((token) => typeof token === 'string');

/** Whether the user names a transform as one for training only. */
function isTrainingOnly(transform: PyValue, names: readonly string[]): boolean {
  const qualified = qualifiedName(transform);
  return (
    names.includes(qualified) || names.includes(qualified.slice(qualified.lastIndexOf('.') + 1))
  );
}

/** Without recorded types (a pipeline that never saw an item), texts enter at the tokenizer. */
function firstOfText(transforms: readonly PyValue[]): number {
  const entries = ['Tokenizer', 'Numericalize'];
  const first = transforms.findIndex((transform) => entries.includes(transformName(transform)));
  return Math.max(0, first);
}

function separatorOf(transform: PyValue): string | undefined {
  return transform instanceof PyObject ? asString(transform.attr('sep')) : undefined;
}

/** `TextBlock(backwards=True)` ends in the function reverse_text, in a plain Transform. */
function isReversal(transform: PyValue): boolean {
  if (isReverseText(transform)) return true;
  if (!(transform instanceof PyObject) || transformName(transform) !== 'Transform') return false;
  return mentions(transform.attr('encodes'), isReverseText, MOST_STEPS);
}

/** Each version of fastcore has its own dispatcher around a function; all are small. */
const MOST_STEPS = 6;

function mentions(
  value: PyValue | undefined,
  wanted: (value: PyValue) => boolean,
  steps: number,
): boolean {
  if (value === undefined || value === null || steps === 0) return false;
  if (wanted(value)) return true;
  const parts = (): Iterable<PyValue> => {
    if (Array.isArray(value)) return value;
    if (value instanceof PyDict) return value.values();
    if (!(value instanceof PyObject)) return [];
    return [...value.args, ...value.items, ...value.attrs.values(), ...value.entries.values()];
  };
  for (const part of parts()) if (mentions(part, wanted, steps - 1)) return true;
  return false;
}

function isReverseText(value: PyValue): boolean {
  return (
    value instanceof PyGlobal && /^fastai\.text\.data\.reverse_text$/.test(value.qualifiedName)
  );
}
