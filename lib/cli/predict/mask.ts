import { indexedPng, type Colour } from '../../learner/fastai/vision/image/png-writer.js';
import { MASK_COLOURS } from '../../nest/playground/palette.js';
import { CommandError } from '../errors.js';
import type { PixelMap } from '../output/blocks.js';

/** @param prediction The class of each pixel, row by row. @throws CommandError */
export function classMapOf(prediction: unknown): PixelMap {
  const rows = prediction as readonly (readonly number[])[];
  const [height, width] = [rows.length, rows[0]?.length ?? 0];
  const classes = new Uint8Array(height * width);
  rows.forEach((row, y) => {
    const other = row.find((index) => !(Number.isInteger(index) && index >= 0 && index < 256));
    if (other !== undefined) {
      throw new CommandError(
        `The mask has the class ${other}, but an indexed PNG holds only 256`,
        'Use -o json',
      );
    }
    classes.set(row, y * width);
  });
  return { width, height, values: classes };
}

export function colourOf(index: number): Colour {
  return MASK_COLOURS[index]!;
}

/** Fractions of the pixels by class, largest first; missing classes are left out. */
export function sharesOf({ values }: PixelMap): { index: number; share: number }[] {
  const counts = new Map<number, number>();
  for (const index of values) counts.set(index, (counts.get(index) ?? 0) + 1);
  return [...counts]
    .map(([index, count]) => ({ index, share: count / values.length }))
    .toSorted((a, b) => b.share - a.share || a.index - b.index);
}

/** A PNG whose pixel values are the classes, in the colours of the page. */
export function maskPng({ values, width, height }: PixelMap): Uint8Array {
  return indexedPng(Uint8Array.from(values), width, height, MASK_COLOURS);
}
