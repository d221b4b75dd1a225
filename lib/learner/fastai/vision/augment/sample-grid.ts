import { positionOf, shrunkFor, tapsAt, type SampleOptions } from '../transforms/grid-sample.js';
import type { Planes } from '../transforms/planes.js';

/** For each pixel of the result, x before y: its source in -1..1 on each axis. */
export interface Grid {
  readonly width: number;
  readonly height: number;
  readonly places: Float32Array;
}

/**
 * fastai's `_grid_sample`: `F.grid_sample`, after area averaging if it shrinks by more than two.
 *
 * @param span The largest position in the whole batch's grids minus the smallest.
 */
export function sampleGrid(
  image: Planes,
  { width, height, places }: Grid,
  span: number,
  options: SampleOptions,
): Planes {
  const source =
    options.mode === 'bilinear' ? shrunkFor(image, width, (1 / Math.fround(span)) * 2) : image;
  const { channels } = source;
  const planeSize = source.width * source.height;
  const size = width * height;
  const data = new Float32Array(channels * size);
  for (let pixel = 0; pixel < size; pixel++) {
    const [columns, byColumn] = tapsAt(
      positionOf(places[2 * pixel]!, source.width, options.alignCorners),
      source.width,
      options,
    );
    const [rows, byRow] = tapsAt(
      positionOf(places[2 * pixel + 1]!, source.height, options.alignCorners),
      source.height,
      options,
    );
    for (let channel = 0; channel < channels; channel++) {
      const plane = channel * planeSize;
      let sum = 0;
      for (let r = 0; r < rows.length; r++) {
        if (rows[r]! < 0) continue;
        const line = plane + rows[r]! * source.width;
        for (let c = 0; c < columns.length; c++) {
          if (columns[c]! >= 0) sum += source.data[line + columns[c]!]! * byColumn[c]! * byRow[r]!;
        }
      }
      data[channel * size + pixel] = sum;
    }
  }
  return { channels, width, height, data };
}
