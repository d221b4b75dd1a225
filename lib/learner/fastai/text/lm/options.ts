import { InvalidGenerateOptionError } from '../../errors.js';

/** How a language model continues a text: fastai's options of `LMLearner.predict`. @publicApi */
export interface GenerateOptions {
  /** Never draws `xxunk`. @default true */
  noUnk?: boolean;
  /**
   * Above 0. Values below 1 favour likely words, values above 1 unlikely ones. @default 1
   */
  temperature?: number;
  /**
   * Tokens below this probability are not drawn. If none reaches it, all may be drawn, with one
   * warning per text.
   */
  minP?: number | null;
  /** Predicts each word only from the previous one, except for the first. @default false */
  onlyLastWord?: boolean;
  /** A whole number. The same seed draws the same words; without a seed they differ each time. */
  seed?: number;
  /** Turns tokens into words; receives no `xxbos` and `xxpad`. @default decodeSpecTokens */
  decoder?: (tokens: string[]) => Iterable<string>;
  /** Cancels the text: the call rejects with the signal's reason. */
  signal?: AbortSignal;
}

/** The same for a stream, which decodes its words one by one. @publicApi */
export type StreamOptions = Omit<GenerateOptions, 'decoder'>;

/** The parameters for drawing tokens; plain data. */
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

type Check = readonly [valid: (value: unknown) => boolean, remedy: string];

const boolean: Check = [(value) => typeof value === 'boolean', 'pass true or false'];
const wholeNumber: Check = [Number.isSafeInteger, 'pass a whole number'];

const checks: Readonly<Partial<Record<keyof GenerateOptions, Check>>> = {
  noUnk: boolean,
  onlyLastWord: boolean,
  temperature: [
    (value) => Number.isFinite(value) && (value as number) > 0,
    'pass a number above 0, such as 0.5',
  ],
  minP: [(value) => value === null || Number.isFinite(value), 'pass a probability from 0 to 1'],
  seed: wholeNumber,
  decoder: [(value) => typeof value === 'function', 'pass a function of tokens that returns words'],
};

function check(name: string, value: unknown, [valid, remedy]: Check): void {
  if (valid(value)) return;
  const shown = typeof value === 'string' ? JSON.stringify(value) : String(value);
  throw new InvalidGenerateOptionError(name, `is ${shown}`, remedy);
}

/** How many tokens to draw; none for a negative number, as in Python's `range`. */
export function checkWordCount(nWords: unknown): number {
  check('nWords', nWords, wholeNumber);
  return Math.max(0, nWords as number);
}

/** @throws InvalidGenerateOptionError for an unknown option or an invalid value. */
export function checkGenerateOptions(
  options: GenerateOptions,
  known: readonly string[] = ALL_OPTIONS,
): DrawOptions {
  const given = Object.entries(options).filter(([, value]) => value !== undefined);
  const unknown = given.find(([name]) => !known.includes(name));
  if (unknown) {
    throw new InvalidGenerateOptionError(
      `"${unknown[0]}"`,
      'is not an option of a language model',
      `use ${known.join(', ')}`,
    );
  }
  for (const [name, rule] of Object.entries(checks)) {
    const value = options[name as keyof GenerateOptions];
    if (value !== undefined) check(name, value, rule);
  }
  const { noUnk = true, onlyLastWord = false, temperature = 1, seed } = options;
  return { noUnk, temperature, minP: options.minP ?? undefined, onlyLastWord, seed };
}

export function checkStreamOptions(nWords: unknown, options: StreamOptions): void {
  checkWordCount(nWords);
  checkGenerateOptions(options, STREAM_OPTIONS);
}
