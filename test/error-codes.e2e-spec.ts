import { readFileSync } from 'node:fs';
import * as everything from 'nestjs-vts';
import { InvalidTagError, VtsError } from 'nestjs-vts';
import { describe, expect, it } from 'vitest';
import { codeOf } from '../lib/learner/errors/vts.error.js';

const file = new URL('fixtures/error-codes.json', import.meta.url);

describe('Codes of errors', () => {
  it('stay as they are: users search for them, and compare them', () => {
    const known = JSON.parse(readFileSync(file, 'utf8')) as Record<string, string>;
    const codes = (Object.values(everything) as unknown[])
      .filter((value) => typeof value === 'function')
      .filter(({ prototype }) => prototype instanceof VtsError)
      .map(({ name }) => [name, codeOf(name)] as const)
      .sort(([a], [b]) => (a < b ? -1 : 1));
    expect(Object.fromEntries(codes)).toEqual(known);
    expect(new Set(Object.values(known)).size).toBe(codes.length);
  });

  it('are on every error', () => {
    expect(new InvalidTagError('a b', 'it has a space').code).toBe('VTS_INVALID_TAG');
  });
});
