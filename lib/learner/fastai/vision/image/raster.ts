/** What a pixel holds: grey (PIL's mode L) or red, green and blue (RGB). */
export type RasterMode = 'L' | 'RGB';

/** Decoded pixels: rows from the top, channels interleaved, one byte each. */
export interface Raster {
  readonly mode: RasterMode;
  readonly width: number;
  readonly height: number;
  readonly data: Uint8Array;
}

/** Bytes of a pixel. */
export function channelsOf(mode: RasterMode): 1 | 3 {
  return mode === 'L' ? 1 : 3;
}

/** A raster of zeros. */
export function blank(mode: RasterMode, width: number, height: number): Raster {
  return { mode, width, height, data: new Uint8Array(width * height * channelsOf(mode)) };
}

/** PIL's `convert` between the two modes: grey is the ITU-R 601-2 luma in 16-bit fixed point. */
export function convertRaster(raster: Raster, mode: RasterMode): Raster {
  if (raster.mode === mode) return raster;
  const { width, height, data } = raster;
  const out = blank(mode, width, height);
  const pixels = width * height;
  if (mode === 'L') {
    for (let i = 0, from = 0; i < pixels; i++, from += 3) {
      const [red, green, blue] = [data[from]!, data[from + 1]!, data[from + 2]!];
      out.data[i] = (red * 19595 + green * 38470 + blue * 7471 + 0x8000) >> 16;
    }
  } else {
    for (let i = 0, to = 0; i < pixels; i++, to += 3) {
      out.data[to] = out.data[to + 1] = out.data[to + 2] = data[i]!;
    }
  }
  return out;
}
