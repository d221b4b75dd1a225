import { describe, expect, it } from 'vitest';
import { resolveRunnerOptions } from './runner-options.js';

describe('resolveRunnerOptions', () => {
  it.each([
    [0.5, 1, 1],
    [1, 1, 1],
    [1.5, 1, 1],
    [2, 2, 1],
    [4, 4, 1],
    [8, 8, 1],
    [9, 8, 1],
    [32, 8, 4],
  ])('grows to the cores: %d', (cores, workers, threads) => {
    expect(resolveRunnerOptions('a:1', {}, cores)).toMatchObject({ workers, threads, grows: true });
  });

  it('adapts defaults to the given options', () => {
    expect(resolveRunnerOptions('a:1', { threads: 4 }, 8)).toMatchObject({ workers: 2 });
    expect(resolveRunnerOptions('a:1', { workers: 2 }, 8)).toMatchObject({
      threads: 3,
      grows: false,
    });
    expect(resolveRunnerOptions('a:1', { workers: 2 }, 2)).toMatchObject({ threads: 1 });
  });

  it('has BentoML’s time limit', () => {
    expect(resolveRunnerOptions('a:1', {}, 2)).toMatchObject({ timeoutMs: 60_000, stuckMs: 2000 });
  });

  it.each(['webgpu', 'WebGpuExecutionProvider'])('isolates workers for %s', (provider) => {
    const options = { executionProviders: [provider, 'cpu'] };
    expect(resolveRunnerOptions('a:1', options, 2)).toMatchObject({ isolation: 'process' });
    expect(() => resolveRunnerOptions('a:1', { ...options, isolation: 'thread' }, 2)).toThrow(
      /crashes when two threads.*leave isolation out/,
    );
    const cuda = { executionProviders: ['cuda', 'cpu'] };
    expect(resolveRunnerOptions('a:1', cuda, 2)).toMatchObject({ isolation: 'thread' });
  });

  it.each<[object, string]>([
    [{ workers: 0 }, 'workers is 0'],
    [{ workers: 1.5 }, 'workers is 1.5'],
    [{ threads: -1 }, 'threads is -1'],
    [{ timeoutMs: NaN }, 'timeoutMs is NaN'],
    [{ timeoutMs: 2 ** 31 }, 'timeoutMs is 2147483648'],
    [{ stuckMs: 0 }, 'stuckMs is 0'],
    [{ workers: 3, threads: 3 }, '3 workers x 3 threads are more than the 8 cores'],
    [{ worker: 1 }, '"worker" is not an option'],
  ])('refuses %j', (options, fact) => {
    expect(() => resolveRunnerOptions('a:1', options, 8)).toThrow(fact);
  });
});
