import type { Expression } from './expression.js';
import type { Scope } from './scope.js';

export type Size = [height: number, width: number];

/**
 * [batch, height, width, channels] as windows: [batch * windows, positions of a window, channels].
 */
export function toWindows(x: Expression, [height, width]: Size): Expression {
  const [h, w, channels] = [x.size(1), x.size(2), x.size(3)];
  return x
    .reshape(0, h / height, height, w / width, width, channels)
    .permute(0, 1, 3, 2, 4, 5)
    .reshape(-1, height * width, channels);
}

/** The reverse, for an image of the given size. */
export function fromWindows(x: Expression, [height, width]: Size, [h, w]: Size): Expression {
  const channels = x.size(-1);
  return x
    .reshape(-1, h / height, w / width, height, width, channels)
    .permute(0, 1, 3, 2, 4, 5)
    .reshape(-1, h, w, channels);
}

/** The same with a window's positions spread evenly over the image. */
export function toGrid(x: Expression, [height, width]: Size): Expression {
  const [h, w, channels] = [x.size(1), x.size(2), x.size(3)];
  return x
    .reshape(0, height, h / height, width, w / width, channels)
    .permute(0, 2, 4, 1, 3, 5)
    .reshape(-1, height * width, channels);
}

/** And back. */
export function fromGrid(x: Expression, [height, width]: Size, [h, w]: Size): Expression {
  const channels = x.size(-1);
  return x
    .reshape(-1, h / height, w / width, height, width, channels)
    .permute(0, 3, 1, 4, 2, 5)
    .reshape(-1, h, w, channels);
}

/** Adds zeros below and to the right, until patches or windows divide the image. */
export function padTo(x: Expression, [height, width]: Size, [rows, columns]: Size): Expression {
  const missing = (size: number, part: number): number => (part - (size % part)) % part;
  return x.pad({
    [rows]: [0, missing(x.size(rows), height)],
    [columns]: [0, missing(x.size(columns), width)],
  });
}

export const padToWindows = (x: Expression, window: Size): Expression => padTo(x, window, [1, 2]);

/** Removes the padding of {@link padToWindows}. */
export function cropTo(x: Expression, [h, w]: Size): Expression {
  const rows = x.size(1) === h ? x : x.slice(1, 0, h);
  return x.size(2) === w ? rows : rows.slice(2, 0, w);
}

/** Applies a computation to each window of an image, which is padded if necessary. */
export function inWindows(
  x: Expression,
  window: Size,
  compute: (windows: Expression) => Expression,
): Expression {
  const padded = padToWindows(x, window);
  const windows = compute(toWindows(padded, window));
  const image = fromWindows(windows, window, [padded.size(1), padded.size(2)]);
  return cropTo(image, [x.size(1), x.size(2)]);
}

/**
 * Which positions of a rolled image were neighbours before: -100 for pairs that were not.
 *
 * @returns [windows, positions, positions]
 */
export function shiftMask(m: Scope, [h, w]: Size, [height, width]: Size, shift: Size): Expression {
  const [rows, columns] = [regions(h, height, shift[0]), regions(w, width, shift[1])];
  const area = height * width;
  const count = (h / height) * (w / width);
  const mask = new Float32Array(count * area * area);
  for (let window = 0; window < count; window++) {
    const [top, left] = [Math.floor(window / (w / width)) * height, (window % (w / width)) * width];
    const region = (position: number): number =>
      rows[top + Math.floor(position / width)]! * 3 + columns[left + (position % width)]!;
    for (let i = 0; i < area; i++) {
      for (let j = 0; j < area; j++) {
        if (region(i) !== region(j)) mask[(window * area + i) * area + j] = -100;
      }
    }
  }
  return m.constant(mask, [count, area, area]);
}

/**
 * The region of each row: the rolled part of the last window, its other part, and everything
 * before.
 */
function regions(size: number, window: number, shift: number): number[] {
  return Array.from({ length: size }, (_, i) => {
    // Without a shift the last of the three ranges covers everything.
    if (shift === 0 || i >= size - shift) return 2;
    return i >= size - window ? 1 : 0;
  });
}

/** Adds a mask for each window of an image to the scores of all heads. */
export function addWindowMask(scores: Expression, mask: Expression): Expression {
  const [windows, positions] = [mask.size(0), mask.size(1)];
  const heads = scores.size(1);
  return scores
    .reshape(-1, windows, heads, positions, positions)
    .add(mask.reshape(1, windows, 1, positions, positions))
    .reshape(-1, heads, positions, positions);
}

/**
 * The addition of each pair of positions to the scores: rows of a table [entries, heads], by an
 * index for each pair.
 *
 * @returns [1, heads, positions, positions]
 */
export function relativeBias(table: Expression, index: Expression, positions: number): Expression {
  return table
    .gather(0, index)
    .reshape(positions, positions, table.size(1))
    .permute(2, 0, 1)
    .unsqueeze(0);
}

/** The same by the names that the table and the index have in most modules. */
export const tableBias = (m: Scope, positions: number): Expression =>
  relativeBias(
    m.requiredWeight('relative_position_bias_table'),
    m.requiredWeight('relative_position_index'),
    positions,
  );

/** Cosine attention's scores, each head's scaled by a learned factor of at most 100. */
export function cosineScores(q: Expression, k: Expression, logScale: Expression): Expression {
  const scale = logScale.atMost(Math.log(100)).exp();
  return q.normalize().matmul(k.normalize().transpose(-2, -1)).mul(scale);
}

/** Four neighbours become one position: columns first, then rows. */
export function mergePatches(x: Expression): Expression {
  const even = x.pad({ 1: [0, x.size(1) % 2], 2: [0, x.size(2) % 2] });
  const [height, width, channels] = [even.size(1), even.size(2), even.size(3)];
  return even
    .reshape(0, height / 2, 2, width / 2, 2, channels)
    .permute(0, 1, 3, 4, 2, 5)
    .flatten(3);
}
