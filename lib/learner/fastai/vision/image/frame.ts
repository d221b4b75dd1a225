import { blank, channelsOf, type Raster } from './raster.js';

/** How to fill pixels outside an image; fastai's `PadMode`. */
export type PadMode = 'zeros' | 'border' | 'reflection';

/** PIL's `Image.crop((left, top, right, bottom))` for a box within the image. */
export function crop(
  raster: Raster,
  left: number,
  top: number,
  right: number,
  bottom: number,
): Raster {
  const width = right - left;
  const height = bottom - top;
  if (width === raster.width && height === raster.height) return raster;
  const channels = channelsOf(raster.mode);
  const out = blank(raster.mode, width, height);
  for (let y = 0; y < height; y++) {
    const from = ((top + y) * raster.width + left) * channels;
    out.data.set(raster.data.subarray(from, from + width * channels), y * width * channels);
  }
  return out;
}

/** The pixels that `pad` adds at each side. */
export interface Margins {
  readonly left: number;
  readonly top: number;
  readonly right: number;
  readonly bottom: number;
}

/** torchvision's `pad` of a PIL image: constant 0, numpy's edge or numpy's reflect. */
export function pad(raster: Raster, { left, top, right, bottom }: Margins, mode: PadMode): Raster {
  if (left === 0 && top === 0 && right === 0 && bottom === 0) return raster;
  const channels = channelsOf(raster.mode);
  const out = blank(raster.mode, raster.width + left + right, raster.height + top + bottom);
  const columns = sourcePositions(raster.width, left, out.width, mode);
  const rows = sourcePositions(raster.height, top, out.height, mode);
  let to = 0;
  for (const row of rows) {
    for (const column of columns) {
      if (row >= 0 && column >= 0) {
        const from = (row * raster.width + column) * channels;
        for (let c = 0; c < channels; c++) out.data[to + c] = raster.data[from + c]!;
      }
      to += channels;
    }
  }
  return out;
}

/** The source index of each padded position; -1 for none. */
export function sourcePositions(
  size: number,
  before: number,
  padded: number,
  mode: PadMode,
): Int32Array {
  const positions = new Int32Array(padded);
  const period = Math.max(1, 2 * (size - 1));
  for (let i = 0; i < padded; i++) {
    const at = i - before;
    if (at >= 0 && at < size) positions[i] = at;
    else if (mode === 'zeros') positions[i] = -1;
    else if (mode === 'border') positions[i] = at < 0 ? 0 : size - 1;
    else {
      // Does not repeat the border pixel; a margin wider than the image reflects several times.
      const phase = ((at % period) + period) % period;
      positions[i] = size === 1 ? 0 : phase < size ? phase : period - phase;
    }
  }
  return positions;
}
