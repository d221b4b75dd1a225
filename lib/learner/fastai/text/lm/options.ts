import { InvalidGenerateOptionError } from '../../errors.js';

/**
 * How a language model continues a text: fastai's options of `LMLearner.predict`.
 *
 * @publicApi
 */
export interface GenerateOptions {
  /** Never draws `xxunk`. @default true */
  noUnk?: boolean;
  /** Above 0. Below 1 likely words become likelier, above 1 less so. @default 1 */
  temperature?: number;
  /**
   * Tokens below this probability are not drawn. Where none reaches it, a warning is given (once
   * for a text) and all may be drawn.
   */
  minP?: number | null;
  /** Predicts each word from the one before it alone, except for the first. @default false */
  onlyLastWord?: boolean;
  /** A whole number. The same seed draws the same words; without one they differ each time. */
  seed?: number;
  /** Makes words of tokens; without `xxbos` and `xxpad`. @default decodeSpecTokens */
  decoder?: (tokens: string[]) => Iterable<string>;
  /** Gives the text up: the call rejects with the signal's reason. */
  signal?: AbortSignal;
}

/**
 * The same for a stream, whose words are decoded one by one.
 *
 * @publicApi
 */
export type StreamOptions = Omit<GenerateOptions, 'decoder'>;

/** What the drawing of tokens needs; plain data. */
export interface DrawOptions {
  readonly noUnk: boolean;
  readonly temperature: number;
  readonly minP: number | undefined;
  readonly onlyLastWord: boolean;
  readonly seed: number | undefined;
}

export const DRAW_OPTIONS = ['noUnk', 'temperature', 'minP', 'onlyLastWord', 'seed'] as const;

const STREAM_OPTIONS = [...DRAW_OPTIONS, 'signal'];
const ALL_OPTIONS = [...STREAM_OPTIONS, 'decoder'];

/**
 * How many tokens to draw; as in Python's `range`, none for a negative number.
 *
 * @throws InvalidGenerateOptionError for what is not a whole number.
 */
export function checkWordCount(nWords: unknown): number {
  if (!Number.isSafeInteger(nWords)) {
    throw new InvalidGenerateOptionError('nWords', `is ${show(nWords)}`, 'pass a whole number');
  }
  return Math.max(0, nWords as number);
}

/**
 * @throws InvalidGenerateOptionError for unknown options, and values that leave nothing to draw
 * from.
 */
export function checkGenerateOptions(
  options: GenerateOptions,
  known: readonly string[] = ALL_OPTIONS,
): DrawOptions {
  for (const [name, value] of Object.entries(options)) {
    if (value !== undefined && !known.includes(name)) {
      throw new InvalidGenerateOptionError(
        `"${name}"`,
        'is no option of a language model',
        `use ${known.join(', ')}`,
      );
    }
  }
  const { noUnk = true, onlyLastWord = false, temperature = 1, seed, decoder } = options;
  const minP = options.minP ?? undefined;
  const refuse = (name: keyof GenerateOptions, remedy: string): never => {
    throw new InvalidGenerateOptionError(name, `is ${show(options[name])}`, remedy);
  };
  if (typeof noUnk !== 'boolean') refuse('noUnk', 'pass true or false');
  if (typeof onlyLastWord !== 'boolean') refuse('onlyLastWord', 'pass true or false');
  if (!Number.isFinite(temperature) || temperature <= 0) {
    refuse('temperature', 'pass a number above 0, such as 0.5');
  }
  if (minP !== undefined && !Number.isFinite(minP)) {
    refuse('minP', 'pass a probability from 0 to 1');
  }
  if (seed !== undefined && !Number.isSafeInteger(seed)) refuse('seed', 'pass a whole number');
  if (decoder !== undefined && typeof decoder !== 'function') {
    refuse('decoder', 'pass a function of tokens that returns words');
  }
  return { noUnk, temperature, minP, onlyLastWord, seed };
}

/** @throws InvalidGenerateOptionError */
export function checkStreamOptions(nWords: unknown, options: StreamOptions): void {
  checkWordCount(nWords);
  checkGenerateOptions(options, STREAM_OPTIONS);
}

function show(value: unknown): string {
  return typeof value === 'string' ? JSON.stringify(value) : String(value);
}
