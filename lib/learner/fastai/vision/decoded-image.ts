import type { Tensor } from 'onnxruntime-common';
import type { RawImage } from './image-item.js';

/**
 * The pixels of an image that a learner predicts, int64 [channels, height, width]; undefined for a
 * tensor that is not such an image.
 */
export function pixelsOf({ type, dims, data }: Tensor): RawImage | undefined {
  const [channels = 0, height = 0, width = 0] = dims;
  if (type !== 'int64' || dims.length !== 3 || (channels !== 1 && channels !== 3)) return undefined;
  const size = height * width;
  const pixels = new Uint8Array(channels * size);
  for (let channel = 0; channel < channels; channel++) {
    for (let at = 0; at < size; at++) {
      const value = Number((data as BigInt64Array)[channel * size + at]);
      if (value < 0 || value > 255) return undefined;
      pixels[at * channels + channel] = value;
    }
  }
  return { data: pixels, width, height, channels };
}
