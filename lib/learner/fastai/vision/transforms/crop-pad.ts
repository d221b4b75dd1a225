import { EmptyImageError } from '../../errors.js';
import type { Resample } from '../image/filters.js';
import type { PadMode } from '../image/frame.js';
import type { View } from '../image/view.js';

/** Width and height, or the x and y of a corner. */
export type Pair = readonly [x: number, y: number];

/** fastai's `crop_pad`: a window of an image, padded outside of it, then resized. */
export function cropPad(
  image: View,
  size: Pair,
  corner: Pair,
  padMode: PadMode,
  resample: Resample,
  resizeTo?: Pair,
): View {
  const [width, height] = size;
  const [left, top] = corner;
  if (width < 1 || height < 1) throw new EmptyImageError(image.width, image.height);
  const cropped = image.crop(
    Math.max(0, left),
    Math.max(0, top),
    Math.min(image.width, left + width),
    Math.min(image.height, top + height),
  );
  const margins = {
    left: Math.max(0, -left),
    top: Math.max(0, -top),
    right: Math.max(0, width - image.width + left),
    bottom: Math.max(0, height - image.height + top),
  };
  const padded = cropped.pad(margins, padMode);
  return resizeTo ? padded.resize(resizeTo[0], resizeTo[1], resample) : padded;
}

/** The corner of a centred window; Python's `//` rounds down, also below zero. */
export function centred(image: View, [width, height]: Pair): Pair {
  return [Math.floor((image.width - width) / 2), Math.floor((image.height - height) / 2)];
}
