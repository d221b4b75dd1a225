import { readFile } from 'node:fs/promises';
import { Readable } from 'node:stream';
import { describeItem, UnexpectedItemError, UnreadableImageFileError } from '../errors.js';
import { checkSize, type ImageLimits } from './image/limits.js';
import { RasterSource } from './image/pixel-source.js';
import { convertRaster, type Raster, type RasterMode } from './image/raster.js';
import { openEncoded, readImage, type OpenedImage } from './image/read-image.js';

/**
 * Decoded pixels: rows from the top, channels interleaved, one byte each; as sharp's raw output.
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
 * What an image learner predicts from: the path of a file, the bytes of an encoded image, a stream
 * of them, or decoded pixels.
 *
 * @publicApi
 */
export type ImageItem = string | Uint8Array | ArrayBuffer | Readable | RawImage;

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

/** @throws UnexpectedItemError for what is not an image. */
export function checkItem(item: unknown): void {
  if (typeof item === 'string' || item instanceof Uint8Array || item instanceof ArrayBuffer) return;
  if (item instanceof Readable || isRawImage(item)) return;
  throw new UnexpectedItemError(
    describeItem(item),
    'an image (a path, its bytes, a stream or raw pixels)',
  );
}

/** The bytes of an encoded image. @throws UnexpectedItemError, UnreadableImageFileError */
export async function bytesOf(item: unknown): Promise<Uint8Array> {
  if (item instanceof Uint8Array) return item;
  if (item instanceof ArrayBuffer) return new Uint8Array(item);
  if (typeof item === 'string') {
    try {
      return await readFile(item);
    } catch (error) {
      throw new UnreadableImageFileError(item, error);
    }
  }
  checkItem(item);
  const chunks: Buffer[] = [];
  for await (const chunk of item as Readable) chunks.push(Buffer.from(chunk as Uint8Array));
  return Buffer.concat(chunks);
}

function isRawImage(item: unknown): item is RawImage {
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

/** Pixels without what follows their first channels. */
function firstOfEach(data: Uint8Array, channels: number, kept: number): Uint8Array {
  const out = new Uint8Array((data.length / channels) * kept);
  for (let from = 0, to = 0; to < out.length; from += channels, to += kept) {
    for (let c = 0; c < kept; c++) out[to + c] = data[from + c]!;
  }
  return out;
}
