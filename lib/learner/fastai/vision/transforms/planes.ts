import { channelsOf, type Raster, type RasterMode } from '../image/raster.js';

/** An image as the model takes it: float32, one plane a channel. */
export interface Planes {
  readonly channels: number;
  readonly width: number;
  readonly height: number;
  readonly data: Float32Array;
}

/** The bytes of a raster as floats. */
export function planesOf({ mode, width, height, data }: Raster): Planes {
  const channels = channelsOf(mode);
  const size = width * height;
  const out = new Float32Array(data.length);
  for (let i = 0; i < out.length; i++)
    out[(i % channels) * size + Math.floor(i / channels)] = data[i]!;
  return { channels, width, height, data: out };
}

/** And back: the nearest bytes. */
export function rasterOf(mode: RasterMode, { channels, width, height, data }: Planes): Raster {
  const size = width * height;
  // Cubic sampling goes below 0 and above 255.
  const out = new Uint8ClampedArray(data.length);
  for (let i = 0; i < out.length; i++)
    out[i] = data[(i % channels) * size + Math.floor(i / channels)]!;
  return { mode, width, height, data: new Uint8Array(out.buffer) };
}
