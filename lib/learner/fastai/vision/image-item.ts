import { readFile } from 'node:fs/promises';
import { bytesOfStored, isStored, pathOf, type StoredItem } from '../data/stored-item.js';
import { describeItem, UnexpectedItemError, UnreadableImageFileError } from '../errors.js';
import { formatOf } from './image/format.js';
import { checkSize, type ImageLimits } from './image/limits.js';
import { RasterSource } from './image/pixel-source.js';
import { convertRaster, type Raster, type RasterMode } from './image/raster.js';
import { openEncoded, readImage, type OpenedImage } from './image/read-image.js';

/**
 * Decoded pixels: rows from the top, channels interleaved, one byte each, like sharp's raw output.
 *
 * @publicApi
 */
export interface RawImage {
  readonly data: Uint8Array;
  readonly width: number;
  readonly height: number;
  /** 1 is grey, 2 grey and alpha, 3 RGB, 4 RGB and alpha. Alpha is ignored, as in fastai. */
  readonly channels: 1 | 2 | 3 | 4;
}

/**
 * An item of an image learner. It is an encoded image in any form of {@link StoredItem}, the bytes of
 * one as text in base64, or decoded pixels.
 *
 * @publicApi
 */
export type ImageItem = StoredItem | RawImage;

/** @throws UnexpectedItemError, UnreadableImageFileError and the errors of decoding. */
export async function openImage(
  item: unknown,
  mode: RasterMode,
  limits: ImageLimits = {},
): Promise<OpenedImage> {
  if (!isRawImage(item)) return openEncoded(await bytesOf(item), mode, limits);
  const source = new RasterSource(fromRaw(item, mode, limits));
  return { source, decode: async () => source };
}

/** The pixels of any item. @throws as {@link openImage} */
export async function rasterOf(
  item: unknown,
  mode: RasterMode,
  limits: ImageLimits = {},
): Promise<Raster> {
  return isRawImage(item)
    ? fromRaw(item, mode, limits)
    : readImage(await bytesOf(item), mode, limits);
}

/** @throws UnexpectedItemError if the item is not an image. */
export function checkItem(item: unknown): asserts item is ImageItem {
  if (isStored(item) || isRawImage(item)) return;
  throw new UnexpectedItemError(
    describeItem(item),
    'an image (a path, a URL, bytes, a Blob, a stream or raw pixels)',
  );
}

/** The bytes of an encoded image. @throws UnexpectedItemError, UnreadableImageFileError */
export async function bytesOf(item: unknown): Promise<Uint8Array> {
  if (!isStored(item)) {
    throw new UnexpectedItemError(describeItem(item), 'an encoded image');
  }
  const encoded = typeof item === 'string' ? bytesOfBase64(item) : undefined;
  if (encoded) return encoded;
  const path = pathOf(item);
  if (path === undefined) return bytesOfStored(item);
  return readFile(path).catch((error: unknown) => {
    throw new UnreadableImageFileError(path, error);
  });
}

/** Shorter texts are paths, which may consist of base64 letters. */
const SHORTEST_BASE64 = 100;

/** The bytes of an image given as text; undefined for other texts, which are paths. */
export function bytesOfBase64(text: string): Uint8Array | undefined {
  if (text.length < SHORTEST_BASE64 || !/^[\w+/-]{40}/.test(text)) return undefined;
  const start = Buffer.from(text.slice(0, 32), 'base64');
  if (formatOf(start) === undefined || !/^[\w+/\s-]+={0,2}\s*$/.test(text)) return undefined;
  return Buffer.from(text, 'base64');
}

/** Whether an item is decoded pixels. */
export function isRawImage(item: unknown): item is RawImage {
  if (typeof item !== 'object' || item === null || item instanceof Uint8Array) return false;
  const { data, width, height, channels } = item as Partial<RawImage>;
  return (
    data instanceof Uint8Array &&
    Number.isSafeInteger(width) &&
    Number.isSafeInteger(height) &&
    [1, 2, 3, 4].includes(channels ?? 0)
  );
}

function fromRaw(
  { data, width, height, channels }: RawImage,
  mode: RasterMode,
  limits: ImageLimits,
): Raster {
  checkSize(width, height, limits);
  if (data.length !== width * height * channels) {
    throw new UnexpectedItemError(
      `${data.length} bytes for ${width} x ${height} pixels of ${channels} channels`,
      `${width * height * channels} bytes of pixels`,
    );
  }
  const stored = channels < 3 ? 1 : 3;
  const colours = channels === stored ? data : firstOfEach(data, channels, stored);
  return convertRaster({ mode: stored === 1 ? 'L' : 'RGB', width, height, data: colours }, mode);
}

/** Pixels with only their first channels. */
function firstOfEach(data: Uint8Array, channels: number, kept: number): Uint8Array {
  const out = new Uint8Array((data.length / channels) * kept);
  for (let from = 0, to = 0; to < out.length; from += channels, to += kept) {
    for (let c = 0; c < kept; c++) out[to + c] = data[from + c]!;
  }
  return out;
}
