import { readFile } from 'node:fs/promises';
import { Readable } from 'node:stream';
import { UnexpectedItemError } from '../errors/index.js';
import { UnreadableImageFileError } from './errors/index.js';
import { checkSize, type ImageLimits } from './image/limits.js';
import { blank, convertRaster, luma, type Raster, type RasterMode } from './image/raster.js';
import { readImage } from './image/read-image.js';

/**
 * Decoded pixels: rows from the top, channels interleaved, one byte each; as sharp's raw output.
 *
 * @publicApi
 */
export interface RawImage {
  readonly data: Uint8Array;
  readonly width: number;
  readonly height: number;
  /**
   * 1 is grey, 2 grey and alpha, 3 red, green and blue, 4 those and alpha. Alpha is ignored, as
   * fastai does.
   */
  readonly channels: 1 | 2 | 3 | 4;
}

/**
 * What an image learner predicts from: the path of a file, the bytes of an encoded image, a stream
 * of them, or decoded pixels.
 *
 * @publicApi
 */
export type ImageItem = string | Uint8Array | ArrayBuffer | Readable | RawImage;

/**
 * The pixels of an item in the mode that the learner's images have.
 *
 * @throws UnexpectedItemError, UnreadableImageFileError and the errors of decoding.
 */
export async function openImage(
  item: unknown,
  mode: RasterMode,
  limits: ImageLimits = {},
): Promise<Raster> {
  if (isRawImage(item)) return fromRaw(item, mode, limits);
  return readImage(await bytesOf(item), mode, limits);
}

/** @throws UnexpectedItemError for what is no image. */
export function checkItem(item: unknown): void {
  if (typeof item === 'string' || item instanceof Uint8Array || item instanceof ArrayBuffer) return;
  if (item instanceof Readable || isRawImage(item)) return;
  throw new UnexpectedItemError(
    describe(item),
    'an image (a path, its bytes, a stream or raw pixels)',
  );
}

async function bytesOf(item: unknown): Promise<Uint8Array> {
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
  if (channels === 1) return convertRaster({ mode: 'L', width, height, data }, mode);
  if (channels === 3) return convertRaster({ mode: 'RGB', width, height, data }, mode);
  const out = blank(mode, width, height);
  for (let i = 0; i < width * height; i++) {
    const from = i * channels;
    const [red, green, blue] =
      channels === 2
        ? [data[from]!, data[from]!, data[from]!]
        : [data[from]!, data[from + 1]!, data[from + 2]!];
    if (mode === 'L') out.data[i] = channels === 2 ? red : luma(red, green, blue);
    else out.data.set([red, green, blue], i * 3);
  }
  return out;
}

function describe(item: unknown): string {
  if (item === null) return 'null';
  return Array.isArray(item) ? 'an array' : `a value of type ${typeof item}`;
}
