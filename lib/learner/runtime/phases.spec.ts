import { afterEach, describe, expect, it } from 'vitest';
import { phase, recordPhases, stopPhases } from './phases.js';

const pause = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 2));

describe('Phases', () => {
  afterEach(stopPhases);

  it('are recorded in order, for synchronous and asynchronous work', async () => {
    const phases = recordPhases();
    expect(phase('tokenize', () => 1)).toBe(1);
    const before = performance.timeOrigin + performance.now();
    await expect(phase('run', () => pause().then(() => 2))).resolves.toBe(2);
    expect(phases.map(({ name }) => name)).toEqual(['tokenize', 'run']);
    const [tokenize, run] = phases;
    expect(tokenize!.end).toBeGreaterThanOrEqual(tokenize!.start);
    expect(run!.start).toBeGreaterThanOrEqual(before);
    expect(run!.end).toBeGreaterThan(run!.start);
  });

  it('with the same name in succession are one', async () => {
    const phases = recordPhases();
    for (let i = 0; i < 1000; i++) phase('run', () => i);
    phase('decode', () => 0);
    phase('run', () => 0);
    expect(phases.map(({ name }) => name)).toEqual(['run', 'decode', 'run']);
  });

  it('are recorded if the work fails', async () => {
    const phases = recordPhases();
    expect(() =>
      phase('decode', () => {
        throw new Error('no image');
      }),
    ).toThrow('no image');
    await expect(phase('run', () => Promise.reject(new Error('no run')))).rejects.toThrow('no run');
    expect(phases.map(({ name }) => name)).toEqual(['decode', 'run']);
  });

  it('have no effect if nobody records them', async () => {
    const phases = recordPhases();
    stopPhases();
    const work = pause();
    expect(phase('run', () => work)).toBe(work);
    await work;
    expect(phases).toEqual([]);
  });
});
