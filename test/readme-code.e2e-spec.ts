import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { blocksOf, pages } from './readme/blocks.js';
import { compileBlocks } from './readme/compile.js';

/** What the compiler cannot know here, each with the reason. */
const UNKNOWN: readonly [RegExp, reason: string][] = [
  [/module '@opentelemetry\/sdk-node'/, 'the SDK is the application’s, and not installed here'],
];

/** CONTRIBUTING also shows parts of files of this repository. */
const isFragment = (document: string, code: string): boolean =>
  document === 'CONTRIBUTING.md' && !code.startsWith('import ');

const withoutMargins = (text: string): string => text.replaceAll(/\s+/g, ' ').trim();

describe('The code of README and docs', () => {
  it('compiles, with the names that its chapter explains', () => {
    const documents = ['README.md', 'CONTRIBUTING.md', ...pages()];
    const blocks = documents
      .flatMap(blocksOf)
      .filter(({ language, code, document }) => language === 'ts' && !isFragment(document, code));
    expect(blocks.length).toBeGreaterThan(40);
    const faults = compileBlocks(blocks);
    const isKnown = (fault: string) => UNKNOWN.some(([pattern]) => pattern.test(fault));
    expect(faults.filter((fault) => !isKnown(fault))).toEqual([]);
    for (const [pattern] of UNKNOWN) expect(faults).toContainEqual(expect.stringMatching(pattern));
  }, 120_000);

  it('is in the source, where CONTRIBUTING quotes it', () => {
    const quoted = blocksOf('CONTRIBUTING.md').filter(
      ({ language, document, code }) =>
        /^(?:ts|python)$/.test(language) && isFragment(document, code),
    );
    const sources = [
      'lib/learner/onnx/lowering/activation.ts',
      'lib/learner/onnx/ops/elementwise.ts',
      'test/fixtures/make/onnx_models.py',
    ].map((file) => withoutMargins(readFileSync(file, 'utf8')));
    expect(quoted).toHaveLength(4);
    for (const { code } of quoted) {
      expect(sources).toContainEqual(expect.stringContaining(withoutMargins(code)));
    }
  });
});
