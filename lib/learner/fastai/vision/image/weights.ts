import type { Filter } from './filters.js';

/** Fraction bits of a weight: 32 bits minus 8 of the pixel and 2 for sums outside 0..255. */
export const PRECISION = 22;

interface Size {
  readonly width: number;
  readonly height: number;
}

/**
 * From version 13 on, PIL resamples columns first if they shrink much more; the rounding differs.
 */
export function columnsFirst(source: Size, width: number, height: number): boolean {
  const fewerRows = source.height - height;
  return fewerRows > 0 && fewerRows > (source.width - width) * 2;
}

/** For each target position: its first source, their count, and the fixed-point weights. */
export interface Weights {
  readonly size: number;
  readonly taps: number;
  readonly first: Int32Array;
  readonly count: Int32Array;
  readonly values: Int32Array;
}

/** @param part The resampled part; pixels around it count at its border. Default: the whole. */
export function weightsFor(
  sourceSize: number,
  size: number,
  filter: Filter,
  [start, end]: readonly [number, number] = [0, sourceSize],
): Weights {
  // PIL stores the borders in single precision.
  const scale = Math.fround(end - start) / size;
  const stretch = Math.max(1, scale);
  const inverse = 1 / stretch;
  const support = filter.support * stretch;
  const taps = Math.ceil(support) * 2 + 1;
  const first = new Int32Array(size);
  const count = new Int32Array(size);
  const values = new Int32Array(size * taps);
  const row = new Float64Array(taps);
  for (let target = 0; target < size; target++) {
    const center = start + (target + 0.5) * scale;
    const from = Math.max(0, Math.trunc(center - support + 0.5));
    const to = Math.min(sourceSize, Math.trunc(center + support + 0.5));
    let sum = 0;
    for (let i = 0; i < to - from; i++) {
      row[i] = filter.weight((i + from - center + 0.5) * inverse);
      sum += row[i]!;
    }
    for (let i = 0; i < to - from; i++) {
      const weight = (sum === 0 ? row[i]! : row[i]! / sum) * (1 << PRECISION);
      values[target * taps + i] = Math.trunc(weight < 0 ? weight - 0.5 : weight + 0.5);
    }
    first[target] = from;
    count[target] = to - from;
  }
  return { size, taps, first, count, values };
}

/** PIL accumulates the step, with its rounding errors. */
export function nearestPositions(sourceSize: number, size: number): Int32Array {
  const step = sourceSize / size;
  const positions = new Int32Array(size);
  let at = step * 0.5;
  for (let i = 0; i < size; i++) {
    positions[i] = Math.min(sourceSize - 1, Math.trunc(at));
    at += step;
  }
  return positions;
}
