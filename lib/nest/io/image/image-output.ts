import type { Tensor } from 'onnxruntime-common';
import type { RawImage } from '../../../learner/fastai/vision/image-item.js';
import { formatOf, type ImageFormat } from '../../../learner/fastai/vision/image/format.js';
import {
  classColours,
  indexedPng,
  type Colour,
} from '../../../learner/fastai/vision/image/png-writer.js';
import {
  encodeImage,
  type OutputImageType,
} from '../../../learner/fastai/vision/image/write-image.js';
import { pixelsOf } from '../../../learner/fastai/vision/decoded-image.js';
import { isTensor } from '../../../learner/runtime/is-tensor.js';
import { InvalidOutputError } from '../errors.js';

/**
 * The types that handlers can return as an image: pixels, a mask of class ids, an image that a
 * learner predicts, or encoded bytes.
 *
 * @publicApi
 */
export type ImageOutput = RawImage | Tensor | Uint8Array;

/** @throws InvalidOutputError for a value that is not an image. */
export async function toEncodedImage(
  value: ImageOutput,
  type: OutputImageType,
  palette: readonly Colour[] | undefined,
): Promise<Uint8Array> {
  if (value instanceof Uint8Array) return encoded(value, type);
  if (isTensor(value)) return fromTensor(value as Tensor, type, palette);
  if (isRaw(value)) return encodeImage(value, type);
  throw invalid('it is not an image', 'return pixels, a mask or the bytes of an image');
}

export const MEDIA_TYPES: Readonly<Record<ImageFormat, string>> = {
  JPEG: 'image/jpeg',
  PNG: 'image/png',
  WebP: 'image/webp',
  GIF: 'image/gif',
  BMP: 'image/bmp',
  TIFF: 'image/tiff',
  PPM: 'image/x-portable-anymap',
};

function encoded(bytes: Uint8Array, type: OutputImageType): Uint8Array {
  const format = formatOf(bytes);
  if (format && MEDIA_TYPES[format] === type) return bytes;
  throw invalid(`its bytes are not ${type}`, 'return such bytes, or pixels as a RawImage');
}

function isRaw(value: unknown): value is RawImage {
  const { data, width, height, channels } = (value ?? {}) as Partial<RawImage>;
  return (
    data instanceof Uint8Array &&
    data.length === (width ?? 0) * (height ?? 0) * (channels ?? 0) &&
    data.length > 0
  );
}

function fromTensor(
  tensor: Tensor,
  type: OutputImageType,
  palette: readonly Colour[] | undefined,
): Promise<Uint8Array> | Uint8Array {
  const [height = 0, width = 0, channels] = tensor.dims;
  if (tensor.dims.length === 2) return mask(tensor, width, height, type, palette);
  const pixels = pixelsOf(tensor);
  if (pixels) return encodeImage(pixels, type);
  if (tensor.type !== 'uint8' || tensor.dims.length !== 3 || ![1, 3, 4].includes(channels ?? 0)) {
    throw invalid(
      `a ${tensor.type} tensor of shape [${tensor.dims.join(', ')}] is not an image`,
      'return uint8 [height, width, 3], class ids [height, width], or what a learner predicts: int64 [3, height, width] of 0 to 255',
    );
  }
  const data = tensor.data as Uint8Array;
  return encodeImage({ data, width, height, channels: channels as 1 | 3 | 4 }, type);
}

/** Class ids: palette indices of a PNG, or their colours in other formats. */
function mask(
  tensor: Tensor,
  width: number,
  height: number,
  type: OutputImageType,
  given: readonly Colour[] | undefined,
): Promise<Uint8Array> | Uint8Array {
  if (!['int64', 'int32', 'uint8', 'bool'].includes(tensor.type)) {
    throw invalid(`a mask of ${tensor.type} has no class ids`, 'return whole numbers');
  }
  const ids = Uint8Array.from(tensor.data as ArrayLike<number | bigint>, (id) => {
    const value = Number(id);
    if (value >= 0 && value <= 255) return value;
    throw invalid(`class ${value} does not fit in a PNG palette`, 'return ids from 0 to 255');
  });
  const most = ids.reduce((max, id) => Math.max(max, id), 0);
  const colours = [...(given ?? []), ...classColours(256).slice(given?.length ?? 0)].slice(
    0,
    Math.max(most + 1, given?.length ?? 0),
  );
  if (type === 'image/png') return indexedPng(ids, width, height, colours);
  const data = new Uint8Array(ids.length * 3);
  ids.forEach((id, i) => data.set(colours[id]!, i * 3));
  return encodeImage({ data, width, height, channels: 3 }, type);
}

function invalid(fact: string, remedy: string): InvalidOutputError {
  return new InvalidOutputError('Image', fact, remedy);
}
