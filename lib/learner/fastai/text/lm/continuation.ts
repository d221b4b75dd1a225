import { BOS, PAD } from '../special-tokens.js';
import { decodeSpecTokens, TokenDecoder } from './decode-tokens.js';

/** A text and its continuation, in tokens. */
export interface Continuation {
  /** The tokens of the text itself. */
  readonly prompt: readonly string[];
  /** The separator between two words. */
  readonly separator: string;
  /** The tokens that follow, in groups as they arrive. */
  readonly tokens: AsyncIterable<readonly string[]>;
}

const HIDDEN: ReadonlySet<string> = new Set([BOS, PAD]);

const shown = (token: string): boolean => !HIDDEN.has(token);

/** The whole text, as fastai's `LMLearner.predict` returns it. */
export async function wholeText(
  { prompt, separator, tokens }: Continuation,
  decoder: (tokens: string[]) => Iterable<string> = decodeSpecTokens,
): Promise<string> {
  const all = prompt.filter(shown);
  for await (const group of tokens) for (const token of group) if (shown(token)) all.push(token);
  return [...decoder(all)].join(separator);
}

/**
 * The words that {@link wholeText} appends to those of the text. Their number may differ from that
 * of the tokens: a marker token has no word of its own, and a repeating marker gives several.
 */
export async function* addedWords({
  prompt,
  tokens,
}: Continuation): AsyncGenerator<string, void, undefined> {
  const decoder = new TokenDecoder();
  for (const token of prompt) if (shown(token)) decoder.push(token);
  for await (const group of tokens) {
    for (const token of group) if (shown(token)) yield* decoder.push(token);
  }
}
