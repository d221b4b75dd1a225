import { readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { Nd } from '../numpy/nd-array.js';
import { BORDERS, withBorder } from './border.js';
import { grey } from './colour.js';
import { resize } from './resize.js';
import { INTERPOLATIONS } from './taps.js';

interface Fixtures {
  readonly resized: readonly {
    readonly shape: number[];
    readonly size: [number, number];
    readonly data: string;
    readonly made: Record<string, string>;
  }[];
  readonly borders: readonly {
    readonly kind: number;
    readonly data: string;
    readonly made: string;
  }[];
  readonly grey: { readonly data: string; readonly made: string };
}

const path = new URL('../../../../../test/fixtures/code/opencv.json.gz', import.meta.url);
const fixtures = JSON.parse(gunzipSync(readFileSync(path)).toString('utf8')) as Fixtures;
const bytes = (text: string): Uint8Array => new Uint8Array(Buffer.from(text, 'base64'));
const image = (shape: readonly number[], data: string): Nd => Nd.of('uint8', shape, bytes(data));

/** How far elements are apart at most, and how many differ at all. */
function differences(made: Nd, wanted: string): { most: number; count: number } {
  const expected = bytes(wanted);
  const off = Array.from(made.flat(), (value: number, i) => Math.abs(value - expected[i]!));
  expect(off).toHaveLength(expected.length);
  return { most: Math.max(...off), count: off.filter((one) => one > 0).length };
}

describe('OpenCV', () => {
  it.each(['NEAREST', 'LINEAR', 'LANCZOS4'] as const)('resizes by %s to the bit', (kind) => {
    for (const { shape, size, data, made } of fixtures.resized) {
      const wanted = made[INTERPOLATIONS.indexOf(kind)]!;
      expect(differences(resize(image(shape, data), size, kind), wanted).count).toBe(0);
    }
  });

  it.each(['CUBIC', 'AREA', 'LINEAR_EXACT'] as const)('resizes by %s within 1 of 255', (kind) => {
    for (const { shape, size, data, made } of fixtures.resized) {
      const wanted = made[INTERPOLATIONS.indexOf(kind)]!;
      expect(differences(resize(image(shape, data), size, kind), wanted).most).toBeLessThan(2);
    }
  });

  it('refuses the interpolation that its versions compute differently', () => {
    const { shape, size, data } = fixtures.resized[0]!;
    expect(() => resize(image(shape, data), size, 'NEAREST_EXACT')).toThrow('INTER_NEAREST_EXACT');
  });

  it('makes borders of every kind', () => {
    for (const { kind, data, made } of fixtures.borders) {
      const margins = { top: 7, bottom: 3, left: 11, right: 2 };
      const bordered = withBorder(image([5, 4, 3], data), margins, BORDERS[kind]!, [1, 2, 3]);
      expect(differences(bordered, made).count).toBe(0);
    }
  });

  it('makes colours grey', () => {
    expect(differences(grey(image([9, 7, 3], fixtures.grey.data)), fixtures.grey.made).count).toBe(
      0,
    );
  });
});
