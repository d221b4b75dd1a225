import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { floats, largestDifference, noise } from '../../../../../test/helpers/noise.js';
import { sampleTo, type SampleOptions } from './grid-sample.js';

interface Case extends SampleOptions {
  readonly width: number;
  readonly height: number;
  readonly seed: number;
  readonly to: readonly [height: number, width: number];
  readonly result: string;
}

const cases = JSON.parse(
  readFileSync(
    new URL('../../../../../test/fixtures/vision/grid-sample.json', import.meta.url),
    'utf8',
  ),
) as Case[];

describe('sampleTo', () => {
  it("gives the result of fastai's affine_coord without a matrix", () => {
    for (const { width, height, seed, to, result, ...options } of cases) {
      const data = Float32Array.from(noise(width * height, seed), (byte) => byte / 255);
      const sampled = sampleTo({ channels: 1, width, height, data }, to[1], to[0], options);
      expect([sampled.height, sampled.width]).toEqual(to);
      expect(largestDifference(sampled.data, floats(result))).toBeLessThan(2e-5);
    }
  });

  it('does not change an image that already has the size', () => {
    const data = Float32Array.from(noise(60, 3), (byte) => byte / 255);
    for (const alignCorners of [true, false]) {
      const options = { mode: 'bilinear', padding: 'reflection', alignCorners } as const;
      const same = sampleTo({ channels: 1, width: 10, height: 6, data }, 10, 6, options);
      expect(largestDifference(same.data, data)).toBeLessThan(1e-5);
    }
  });
});
