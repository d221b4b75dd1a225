import { interleaved } from '../../learner/fastai/vision/decoded-image.js';
import type { RawImage } from '../../learner/fastai/vision/image-item.js';
import { encodeImage } from '../../learner/fastai/vision/image/write-image.js';
import { CommandError } from '../errors.js';
import type { PixelMap } from '../output/blocks.js';
import { classMapOf, maskPng } from './mask.js';

type Channel = readonly (readonly number[])[];

/** @param prediction The numbers of each channel, row by row. @throws CommandError */
export function pictureOf(prediction: unknown): RawImage {
  const planes = prediction as readonly Channel[];
  const [height, width] = [planes[0]?.length ?? 0, planes[0]?.[0]?.length ?? 0];
  const channels = planes.length;
  if (channels !== 1 && channels !== 3) {
    throw new CommandError(`The image has ${channels} channels, not 1 or 3`, 'Use -o json');
  }
  const data = interleaved(planes.flat(2), channels);
  if (typeof data === 'number') {
    throw new CommandError(`The image has the value ${data}, not a byte`, 'Use -o json');
  }
  return { data, width, height, channels };
}

/** Colours as numbers of 24 bits. */
export function colourMapOf({ data, width, height, channels }: RawImage): PixelMap {
  const values = Uint32Array.from({ length: width * height }, (_, at) => {
    const [red = 0, green = red, blue = red] = data.subarray(at * channels, (at + 1) * channels);
    return (red << 16) | (green << 8) | blue;
  });
  return { width, height, values };
}

/**
 * The PNG of a predicted mask, or of a predicted image, which has channels.
 * @throws CommandError
 */
export async function drawnPng(prediction: unknown): Promise<Uint8Array> {
  const isMask = typeof (prediction as readonly (readonly unknown[])[])[0]?.[0] === 'number';
  if (isMask) return maskPng(classMapOf(prediction));
  return encodeImage(pictureOf(prediction), 'image/png');
}
