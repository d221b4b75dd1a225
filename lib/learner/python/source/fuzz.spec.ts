import { beforeAll, describe, expect, it } from 'vitest';
import { sourceFixtures } from '../../../../test/helpers/code-fixtures.js';
import { UnreadableCodeError } from '../errors.js';
import { compile } from './compiler/compiler.js';
import { readable } from './files/items.js';
import { loadParser, parse } from './syntax/parser.js';

beforeAll(loadParser);

const instructionsOf = (source: string) =>
  readable('a.py', () => compile(parse(source), 'a.py')).instructions;

describe('damaged sources', () => {
  it('become code, or an error with a position', () => {
    let seed = 22;
    const random = (below: number) => {
      seed = (seed * 48271) % 2147483647;
      return seed % below;
    };
    const outcomes = { code: 0, error: 0 };
    for (const { source } of sourceFixtures()) {
      for (let round = 0; round < 3; round++) {
        const at = random(source.length);
        const piece = source.slice(random(source.length)).slice(0, 1 + random(12));
        const damaged = source.slice(0, at) + piece + source.slice(at + random(6));
        try {
          expect(instructionsOf(damaged).length).toBeGreaterThan(0);
          outcomes.code++;
        } catch (error) {
          expect(error, damaged).toBeInstanceOf(UnreadableCodeError);
          outcomes.error++;
        }
      }
    }
    expect(outcomes.code).toBeGreaterThan(0);
    expect(outcomes.error).toBeGreaterThan(0);
  });

  it.each([
    ['brackets', `${'('.repeat(5000)}1${')'.repeat(5000)}\n`],
    ['signs', `x = ${'-'.repeat(5000)}1\n`],
    ['attributes', `x = a${'.b'.repeat(5000)}\n`],
    ['operands', `x = ${'1 + '.repeat(5000)}1\n`],
    ['lambdas', `x = ${'lambda: '.repeat(3000)}1\n`],
    [
      'blocks',
      `${Array.from({ length: 300 }, (_, n) => `${' '.repeat(n)}if a:\n`).join('')}${' '.repeat(300)}b\n`,
    ],
  ])('are refused if %s are nested too deeply', (_, source) => {
    expect(() => instructionsOf(source)).toThrow(UnreadableCodeError);
  });

  it('are refused if `finally` multiplies them too much', () => {
    const lines = ['def f():'];
    for (let n = 1; n < 40; n++) {
      const margin = ' '.repeat(n);
      lines.push(`${margin}try:`, `${margin} a()`, `${margin}finally:`);
    }
    lines.push(`${' '.repeat(40)}b()`);
    expect(() => instructionsOf(`${lines.join('\n')}\n`)).toThrow('more than 500000 instructions');
  });
});
