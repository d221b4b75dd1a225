import { channelsOf, type Raster } from '../image/raster.js';

/** An image as the model takes it: float32, one plane a channel. */
export interface Planes {
  readonly channels: number;
  readonly width: number;
  readonly height: number;
  readonly data: Float32Array;
}

/** The planes of a raster, each byte as `value(byte, channel)` gives it. */
export function toPlanes(
  raster: Raster,
  value: (byte: number, channel: number) => number = (byte) => byte,
  channels = channelsOf(raster.mode),
): Planes {
  const { width, height, data } = raster;
  const stored = channelsOf(raster.mode);
  const size = width * height;
  const out = new Float32Array(channels * size);
  const table = new Float32Array(256);
  for (let channel = 0; channel < channels; channel++) {
    for (let byte = 0; byte < 256; byte++) table[byte] = value(byte, channel);
    let from = stored === 1 ? 0 : channel;
    for (let i = channel * size; i < (channel + 1) * size; i++, from += stored) {
      out[i] = table[data[from]!]!;
    }
  }
  return { channels, width, height, data: out };
}
