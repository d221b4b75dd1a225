const WORDS =
  'the movie plot was really touching and I liked that story but a dull scene isn’t what we came for'.split(
    ' ',
  );

/**
 * A text of exactly that many tokens by the given tokenizer. Another first word gives another text.
 */
export function textOf(tokens: number, tokenize: (text: string) => string[], first = 0): string {
  let text = '';
  for (let word = first; tokenize(text).length < tokens; word++) {
    text += `${text && ' '}${WORDS[word % WORDS.length]!}`;
  }
  return text;
}

/** Some ids of the vocabulary of any text learner. */
export function idsOf(tokens: number): number[] {
  return Array.from({ length: tokens }, (_, index) => 10 + ((index * 7) % 150));
}
