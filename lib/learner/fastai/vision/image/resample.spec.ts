import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { noise } from '../../../../../test/helpers/noise.js';
import type { Resample } from './filters.js';
import { crop, pad } from './frame.js';
import type { Raster, RasterMode } from './raster.js';
import { resize } from './resample.js';

interface Case {
  readonly mode: RasterMode;
  readonly width: number;
  readonly height: number;
  readonly seed: number;
  readonly to: readonly [number, number];
  readonly filter: Resample;
  readonly sha256: string;
}

const cases = JSON.parse(
  readFileSync(
    new URL('../../../../../test/fixtures/vision/resample.json', import.meta.url),
    'utf8',
  ),
) as Case[];

describe('resize', () => {
  it.each(['nearest', 'box', 'bilinear', 'hamming', 'bicubic', 'lanczos'] as const)(
    "gives PIL's pixels with %s",
    (filter) => {
      const chosen = cases.filter((each) => each.filter === filter);
      expect(chosen.length).toBeGreaterThan(30);
      for (const { mode, width, height, seed, to, sha256 } of chosen) {
        const data = noise(width * height * (mode === 'L' ? 1 : 3), seed);
        const result = resize({ mode, width, height, data }, to[0], to[1], filter);
        expect([result.width, result.height]).toEqual(to);
        expect(createHash('sha256').update(result.data).digest('hex')).toBe(sha256);
      }
    },
  );
});

const row = (...values: number[]): Raster => ({
  mode: 'L',
  width: values.length,
  height: 1,
  data: Uint8Array.from(values),
});

describe('pad', () => {
  const margins = { left: 3, top: 0, right: 2, bottom: 0 };

  it.each([
    ['zeros', [0, 0, 0, 1, 2, 3, 0, 0]],
    ['border', [1, 1, 1, 1, 2, 3, 3, 3]],
    // The margin on the left is wider than the image without its border: numpy reflects again.
    ['reflection', [2, 3, 2, 1, 2, 3, 2, 1]],
  ] as const)('makes up pixels by %s', (mode, expected) => {
    expect([...pad(row(1, 2, 3), margins, mode).data]).toEqual(expected);
  });

  it('reflects a single pixel as itself', () => {
    expect([...pad(row(7), margins, 'reflection').data]).toEqual([7, 7, 7, 7, 7, 7]);
  });
});

describe('crop', () => {
  it('cuts a window out of each channel', () => {
    const image: Raster = { mode: 'RGB', width: 3, height: 2, data: noise(18, 1) };
    const { data } = crop(image, 1, 0, 3, 2);
    expect([...data]).toEqual([...image.data.subarray(3, 9), ...image.data.subarray(12, 18)]);
  });
});
