import { asyncProperty, array, assert, constantFrom, string } from 'fast-check';
import { describe, expect, it } from 'vitest';
import { untilStop } from './until-stop.js';

async function* from(words: readonly string[]): AsyncGenerator<string> {
  yield* words;
}

async function stopped(words: string[], stop: string, separator = ' '): Promise<string[]> {
  const made: string[] = [];
  for await (const word of untilStop(from(words), stop, separator)) made.push(word);
  return made;
}

describe('words until a stop', () => {
  it.each<[string[], string, string[]]>([
    [['a', 'b', '.', 'c'], '.', ['a', 'b']],
    [['a', 'b', '.', 'c'], ' .', ['a', 'b']],
    [['a', 'stopped', 'c'], 'pp', ['a', 'sto']],
    [['the', 'end', 'of', 'it'], 'end of', ['the']],
    [['the', 'end', 'is', 'it'], 'end of', ['the', 'end', 'is', 'it']],
    [['aa', 'ab'], 'a ab', ['a']],
    [[], 'x', []],
  ])('%j until %j', async (words, stop, wanted) => {
    expect(await stopped(words, stop)).toEqual(wanted);
  });

  it('end where the text contains the stop, however it is split into words', async () => {
    const word = string({ unit: constantFrom('a', 'b'), minLength: 1, maxLength: 3 });
    const stop = string({ unit: constantFrom('a', 'b', ' '), minLength: 1, maxLength: 4 });
    await assert(
      asyncProperty(
        array(word, { maxLength: 6 }),
        stop,
        constantFrom('', ' '),
        async (words, end, between) => {
          const text = words.join(between);
          const at = text.indexOf(end);
          const made = (await stopped(words, end, between)).join(between);
          // A separator at the end belongs to no word.
          if (at < 0) expect(made).toBe(text);
          else expect([text.slice(0, at), text.slice(0, at).trimEnd()]).toContain(made);
        },
      ),
      { numRuns: 500 },
    );
  });
});
