import { describe, expect, it } from 'vitest';
import { InvalidModuleOptionError } from '../http/errors.js';
import { openInferenceImports, openInferenceOptions } from './open-inference-imports.js';
import { resolveOpenInference, type VtsOpenInferenceOptions } from './open-inference-options.js';

const late = (
  early: boolean | VtsOpenInferenceOptions | undefined,
  given: boolean | VtsOpenInferenceOptions | undefined,
): unknown => {
  const { useFactory } = openInferenceOptions(early) as { useFactory(options: object): unknown };
  return useFactory({ openInference: given });
};

describe('the option openInference', () => {
  it('is off, and then nothing is imported', () => {
    expect(resolveOpenInference()).toBeUndefined();
    expect(openInferenceImports(undefined)).toEqual([]);
    expect(openInferenceImports(false)).toEqual([]);
    expect(late(undefined, undefined)).toBeUndefined();
  });

  it('serves all injected runners by REST at /v2', () => {
    expect(resolveOpenInference(true)).toEqual({
      path: 'v2',
      document: false,
      grpc: undefined,
      models: [],
      injected: true,
      repository: false,
      limits: {},
    });
  });

  it('may come from a factory, except for those that define routes', () => {
    const early = { models: ['a'], rest: { path: '/oip/' } };
    expect(late(early, { repository: true, models: ['b:v1', 'b:v1'], maxRows: 5 })).toMatchObject({
      path: 'oip',
      models: ['b:v1'],
      repository: true,
      limits: { maxRows: 5 },
    });
    for (const [before, given] of [
      [true, { rest: false }],
      [true, false],
      [false, true],
      [undefined, { models: ['a'] }],
    ] as const) {
      expect(() => late(before, given)).toThrow('cannot come from a factory');
    }
  });

  it.each([
    [1, 'openInference is 1'],
    [{ path: 'v2' }, '"path" is not an option'],
    [{ rest: { path: '/a b' } }, 'openInference.rest.path'],
    [{ models: 'a' }, 'openInference.models'],
    [{ models: ['a', 1] }, 'openInference.models[1]'],
    [{ injected: 1 }, 'openInference.injected'],
    [{ repository: 'yes' }, 'openInference.repository'],
    [{ maxRows: 0 }, 'openInference.maxRows'],
    [{ grpc: {} }, 'openInference.grpc.port'],
  ])('cannot be %j', (given, fact) => {
    expect(() => resolveOpenInference(given as never)).toThrow(InvalidModuleOptionError);
    expect(() => resolveOpenInference(given as never)).toThrow(fact);
  });
});
