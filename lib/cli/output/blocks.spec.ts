import { stripVTControlCharacters } from 'node:util';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { drawPixels, type PixelMap } from './blocks.js';
import { Screen } from './screen.js';

const map = (rows: readonly string[]): PixelMap => ({
  width: rows[0]!.length,
  height: rows.length,
  values: Uint8Array.from(rows.join(''), Number),
});
const palette = (index: number) => [index, 0, 0] as const;
const screenOf = (columns: number, rows = 50): Screen =>
  Screen.of({ isTTY: true, columns, rows } as NodeJS.WriteStream);

afterEach(() => vi.unstubAllEnvs());

describe('drawPixels', () => {
  it('draws letters without colours, two rows per line', () => {
    vi.stubEnv('NO_COLOR', '1');
    vi.stubEnv('FORCE_COLOR', undefined);
    expect(drawPixels(map(['0012', '0012', '1100', '1100']), palette, screenOf(80))).toEqual([
      '··ab',
      'aa··',
    ]);
  });

  it('draws two pixels per character, with one colour code for equal ones', () => {
    vi.stubEnv('FORCE_COLOR', '3');
    expect(drawPixels(map(['0012', '1112']), palette, screenOf(80))).toEqual([
      '\x1b[38;2;0;0;0;48;2;1;0;0m▀▀\x1b[0m' +
        '\x1b[38;2;1;0;0;48;2;1;0;0m▀\x1b[0m' +
        '\x1b[38;2;2;0;0;48;2;2;0;0m▀\x1b[0m',
    ]);
  });

  it.each([
    [512, 512],
    [1000, 10],
    [10, 1000],
    [1, 1],
  ])('fits %d x %d pixels into a small terminal', (width, height) => {
    const classes = new Uint8Array(width * height);
    const lines = drawPixels({ width, height, values: classes }, palette, screenOf(40, 20));
    expect(lines.length).toBeGreaterThanOrEqual(1);
    expect(lines.length).toBeLessThanOrEqual(14);
    for (const line of lines) {
      const { length } = stripVTControlCharacters(line);
      expect(length).toBeGreaterThanOrEqual(1);
      expect(length).toBeLessThanOrEqual(36);
    }
  });
});
