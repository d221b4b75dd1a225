import { isSpace } from '../../../python/str.js';

/** spaCy's Chinese tokenizer with its `char` segmenter: every character is a token. */
export class CharacterTokenizer {
  tokenize(text: string): string[] {
    const tokens: string[] = [];
    let space = '';
    let afterToken = false;
    for (const char of text) {
      if (isSpace(char.charCodeAt(0))) {
        // The first space behind a token belongs to the token; the white space after it is a token
        // of its own.
        if (afterToken && char === ' ') afterToken = false;
        else space += char;
        if (space) afterToken = false;
        continue;
      }
      if (space) tokens.push(space);
      space = '';
      tokens.push(char);
      afterToken = true;
    }
    if (space) tokens.push(space);
    return tokens;
  }
}
