import type { Colour } from '../../learner/fastai/vision/image/png-writer.js';
import type { Screen } from './screen.js';

/** A number for each pixel, rows from the top: its class, or its colour. */
export interface PixelMap {
  readonly width: number;
  readonly height: number;
  readonly values: Uint8Array | Uint32Array;
}

const MOST_COLUMNS = 80;
const MOST_LINES = 32;
/**
 * Letters stand for classes if the terminal has no colours. The first class is usually the
 * background.
 */
const GLYPHS = '·abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789';

export function glyph(index: number): string {
  return GLYPHS[index] ?? '?';
}

/**
 * A mask or an image drawn in characters. Each character shows two pixels by its two colours,
 * because characters are twice as high as wide. Without colours, it shows one letter per number.
 */
export function drawPixels(
  map: PixelMap,
  palette: (value: number) => Colour,
  screen: Screen,
  letter: (value: number) => string = glyph,
): string[] {
  const most = Math.min(MOST_COLUMNS, screen.width - 4);
  const lines = Math.min(MOST_LINES, Math.max(8, screen.height - 6));
  const scale = Math.min(1, most / map.width, (2 * lines) / map.height);
  const columns = Math.max(1, Math.round(map.width * scale));
  const rows = Math.max(2, 2 * Math.round((map.height * scale) / 2));
  const at = (x: number, y: number): number => {
    const column = Math.min(map.width - 1, Math.floor(((x + 0.5) * map.width) / columns));
    const row = Math.min(map.height - 1, Math.floor(((y + 0.5) * map.height) / rows));
    return map.values[row * map.width + column]!;
  };
  return Array.from({ length: rows / 2 }, (_, line) => {
    const cells = Array.from(
      { length: columns },
      (__, x) => [at(x, 2 * line), at(x, 2 * line + 1)] as const,
    );
    if (!screen.hasColours) return cells.map(([upper]) => letter(upper)).join('');
    return runsOf(cells)
      .map(([[upper, lower], length]) =>
        screen.paint('▀'.repeat(length), palette(upper), palette(lower)),
      )
      .join('');
  });
}

type Pair = readonly [upper: number, lower: number];

/** Neighbours with equal colours share their codes; most of a mask has equal neighbours. */
function runsOf(cells: readonly Pair[]): (readonly [Pair, number])[] {
  const runs: [Pair, number][] = [];
  for (const cell of cells) {
    const last = runs.at(-1);
    if (last?.[0][0] === cell[0] && last[0][1] === cell[1]) last[1]++;
    else runs.push([cell, 1]);
  }
  return runs;
}
