const WORDS =
  'the movie plot was really touching and I liked that story but a dull scene isn’t what we came for'.split(
    ' ',
  );

/** A text of exactly so many tokens, by the given tokenizer. */
export function textOf(tokens: number, tokenize: (text: string) => string[]): string {
  let text = '';
  for (let word = 0; tokenize(text).length < tokens; word++) {
    text += `${text && ' '}${WORDS[word % WORDS.length]!}`;
  }
  return text;
}
