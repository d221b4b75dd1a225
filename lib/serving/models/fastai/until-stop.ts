/**
 * Yields words until their text contains `stop`, including the part of the last word before it.
 * Holds a word back as long as it may belong to `stop`.
 *
 * @param separator The text between two words.
 */
export async function* untilStop(
  words: AsyncIterable<string>,
  stop: string,
  separator: string,
): AsyncGenerator<string> {
  const held: string[] = [];
  for await (const word of words) {
    held.push(word);
    const at = held.join(separator).indexOf(stop);
    if (at >= 0) return yield* cut(held, separator, at);
    while (held.length > 0 && !mayBegin(held, separator, stop)) yield held.shift()!;
  }
  yield* held;
}

/** Whether `stop` may begin in the first word, or right after it. */
function mayBegin(held: readonly string[], separator: string, stop: string): boolean {
  const text = held.join(separator) + separator;
  const end = held[0]!.length + separator.length;
  for (let at = Math.max(0, text.length - stop.length); at < end; at++) {
    if (stop.startsWith(text.slice(at))) return true;
  }
  return false;
}

function* cut(held: readonly string[], separator: string, at: number): Generator<string> {
  let start = 0;
  for (const word of held) {
    if (start >= at) return;
    yield word.slice(0, at - start);
    start += word.length + separator.length;
  }
}
