import { describe, expect, it } from 'vitest';
import { blocksOf } from './readme/blocks.js';
import { compileBlocks } from './readme/compile.js';

/** What the compiler cannot know here, each with the reason. */
const UNKNOWN: readonly [RegExp, reason: string][] = [
  [/module '@opentelemetry\/sdk-node'/, 'the SDK is the application’s, and not installed here'],
];

describe('The code of the README', () => {
  it('compiles, with what a reader of its chapter has at hand', () => {
    const blocks = blocksOf('README.md').filter(({ language }) => language === 'ts');
    expect(blocks.length).toBeGreaterThan(20);
    const faults = compileBlocks(blocks);
    const isKnown = (fault: string) => UNKNOWN.some(([pattern]) => pattern.test(fault));
    expect(faults.filter((fault) => !isKnown(fault))).toEqual([]);
    for (const [pattern] of UNKNOWN) expect(faults).toContainEqual(expect.stringMatching(pattern));
  }, 120_000);

  it('compiles in the chapters of the Open Inference Protocol', () => {
    const blocks = blocksOf('docs/open-inference.md').filter(({ language }) => language === 'ts');
    expect(blocks.length).toBeGreaterThan(2);
    expect(compileBlocks(blocks)).toEqual([]);
  }, 120_000);
});
