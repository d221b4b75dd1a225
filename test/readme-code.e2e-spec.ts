import { describe, expect, it } from 'vitest';
import { blocksOf, pages } from './readme/blocks.js';
import { compileBlocks } from './readme/compile.js';

/** What the compiler cannot know here, each with the reason. */
const UNKNOWN: readonly [RegExp, reason: string][] = [
  [/module '@opentelemetry\/sdk-node'/, 'the SDK is the application’s, and not installed here'],
];

describe('The code of README and docs', () => {
  it('compiles, with the names that its chapter explains', () => {
    const documents = ['README.md', ...pages()];
    const blocks = documents.flatMap(blocksOf).filter(({ language }) => language === 'ts');
    expect(blocks.length).toBeGreaterThan(40);
    const faults = compileBlocks(blocks);
    const isKnown = (fault: string) => UNKNOWN.some(([pattern]) => pattern.test(fault));
    expect(faults.filter((fault) => !isKnown(fault))).toEqual([]);
    for (const [pattern] of UNKNOWN) expect(faults).toContainEqual(expect.stringMatching(pattern));
  }, 120_000);
});
