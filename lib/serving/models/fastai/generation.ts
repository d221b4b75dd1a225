import type { LanguageModelRunner, StreamRunOptions } from './types.js';
import { untilStop } from './until-stop.js';

/** More than anybody reads. The request times out sooner. */
export const MOST_WORDS = 10_000;
/** The default of `vts predict`. */
export const DEFAULT_WORDS = 20;
export const LONGEST_STOP = 1000;

/** A request to a language model. */
export interface Generation {
  readonly text: string;
  readonly options: Omit<StreamRunOptions, 'nWords'> & { readonly nWords: number };
  /** The text ends before this string, if given. */
  readonly stop: string | undefined;
}

/** Streams the words that continue a text. */
export async function addedWords(
  runner: LanguageModelRunner,
  { text, options, stop }: Generation,
): Promise<AsyncIterable<string>> {
  const words = runner.predictStream(text, options);
  return stop === undefined
    ? words
    : untilStop(words, stop, (await joined(runner, text)).separator);
}

/**
 * Streams what is added to a text, including the separators between words. The pieces together are
 * what {@link continuedText} adds to the text.
 *
 * @throws InvalidGenerateOptionError at once
 */
export function addedPieces(
  runner: LanguageModelRunner,
  { text, options, stop }: Generation,
): AsyncIterable<string> {
  const words = runner.predictStream(text, options);
  return (async function* () {
    const { prompt, separator } = await joined(runner, text);
    let begun = prompt !== '';
    for await (const word of stop === undefined ? words : untilStop(words, stop, separator)) {
      yield begun ? separator + word : word;
      begun = true;
    }
  })();
}

/** The text with the words that continue it, as fastai writes it. */
export async function continuedText(
  runner: LanguageModelRunner,
  generation: Generation,
): Promise<string> {
  const { text, options, stop } = generation;
  if (stop === undefined) return runner.predict.run(text, options);
  const { separator, prompt } = await joined(runner, text);
  const all = prompt === '' ? [] : [prompt];
  for await (const word of untilStop(runner.predictStream(text, options), stop, separator)) {
    all.push(word);
  }
  return all.join(separator);
}

/** Sample words, which show what the learner's tokenizer writes between words. */
const PROBE = { nWords: 8, seed: 1 };

/** A text as fastai writes it, and the separator between two words. */
async function joined(
  runner: LanguageModelRunner,
  text: string,
): Promise<{ readonly prompt: string; readonly separator: string }> {
  const [prompt, whole] = await Promise.all([
    runner.predict.run(text, { nWords: 0 }),
    runner.predict.run(text, PROBE),
  ]);
  const words: string[] = [];
  for await (const word of runner.predictStream(text, PROBE)) words.push(word);
  const gaps = words.length - (prompt === '' ? 1 : 0);
  const rest = whole.length - prompt.length - words.join('').length;
  if (gaps <= 0) return { prompt, separator: ' ' };
  const start = prompt === '' ? words[0]!.length : prompt.length;
  return { prompt, separator: whole.slice(start, start + rest / gaps) };
}
