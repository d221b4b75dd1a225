import { LibraryLimitError } from '../library-error.js';
import { Nd } from '../numpy/nd-array.js';

/** OpenCV's border types, by number. */
export const BORDERS = ['CONSTANT', 'REPLICATE', 'REFLECT', 'WRAP', 'REFLECT_101'] as const;

export type Border = (typeof BORDERS)[number];

export interface Margins {
  readonly top: number;
  readonly bottom: number;
  readonly left: number;
  readonly right: number;
}

/**
 * `cv2.copyMakeBorder` of an array of [height, width, ...channels].
 *
 * @param fill A value for each channel, or one for all; only for `CONSTANT`.
 */
export function withBorder(
  image: Nd,
  margins: Margins,
  kind: Border,
  fill: readonly number[] = [0],
): Nd {
  const [rows = 0, columns = 0, channels = 1] = image.shape;
  const { top, bottom, left, right } = margins;
  const [height, width] = [rows + top + bottom, columns + left + right];
  const data = image.flat();
  const out = Nd.of(image.dtype, [height, width, ...image.shape.slice(2)]);
  const xs = places(width, left, columns, kind);
  const ys = places(height, top, rows, kind);
  for (let y = 0, to = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const isOutside = ys[y]! < 0 || xs[x]! < 0;
      const from = (ys[y]! * columns + xs[x]!) * channels;
      for (let c = 0; c < channels; c++) {
        out.data[to++] = isOutside
          ? fill.length === 1
            ? fill[0]!
            : (fill[c] ?? 0)
          : data[from + c]!;
      }
    }
  }
  return out;
}

/** The source index of each pixel along an axis; -1 for a fill pixel. */
function places(size: number, before: number, source: number, kind: Border): Int32Array {
  return Int32Array.from({ length: size }, (_, i) => place(i - before, source, kind));
}

function place(at: number, source: number, kind: Border): number {
  if (at >= 0 && at < source) return at;
  const modulo = (size: number): number => ((at % size) + size) % size;
  switch (kind) {
    case 'CONSTANT':
      return -1;
    case 'REPLICATE':
      return at < 0 ? 0 : source - 1;
    case 'WRAP':
      return modulo(source);
    case 'REFLECT': {
      const within = modulo(2 * source);
      return within < source ? within : 2 * source - 1 - within;
    }
    case 'REFLECT_101': {
      if (source === 1) return 0;
      const within = modulo(2 * source - 2);
      return within < source ? within : 2 * source - 2 - within;
    }
    default:
      throw new LibraryLimitError(`OpenCV's border ${String(kind)} is not supported`);
  }
}
