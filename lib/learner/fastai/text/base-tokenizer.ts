import { splitWhitespace } from '../../python/str.js';

/** fastai's `BaseTokenizer`: `text.split(split_char)`. */
export class BaseTokenizer {
  constructor(private readonly splitChar: string | null = ' ') {}

  tokenize(text: string): string[] {
    return this.splitChar === null ? splitWhitespace(text) : text.split(this.splitChar);
  }
}
