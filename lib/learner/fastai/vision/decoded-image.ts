import type { Tensor } from 'onnxruntime-common';
import type { RawImage } from './image-item.js';

/**
 * The pixels of an image that a learner predicts, int64 [channels, height, width]; undefined for a
 * tensor that is not such an image.
 */
export function pixelsOf({ type, dims, data }: Tensor): RawImage | undefined {
  const [channels = 0, height = 0, width = 0] = dims;
  if (type !== 'int64' || dims.length !== 3 || (channels !== 1 && channels !== 3)) return undefined;
  const pixels = interleaved(data as BigInt64Array, channels);
  return typeof pixels === 'number' ? undefined : { data: pixels, width, height, channels };
}

/** Interleaves planes of bytes, one per channel; or the first value that is not a byte. */
export function interleaved(
  planes: ArrayLike<number | bigint>,
  channels: number,
): Uint8Array | number {
  const pixels = new Uint8Array(planes.length);
  const size = planes.length / channels;
  for (let at = 0; at < planes.length; at++) {
    const value = Number(planes[at]);
    if (!(Number.isInteger(value) && value >= 0 && value < 256)) return value;
    pixels[(at % size) * channels + Math.floor(at / size)] = value;
  }
  return pixels;
}
