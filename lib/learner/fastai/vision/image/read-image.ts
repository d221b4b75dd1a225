import { UnsupportedImageError } from '../../errors.js';
import { bmpSize, decodeBmp } from './bmp.js';
import { describeUnknown, formatOf, type ImageFormat } from './format.js';
import { decodeGif, gifSize } from './gif.js';
import { decodeWithLibvips, libvipsSize } from './libvips.js';
import { readJpegHeader } from './jpeg-header.js';
import { JpegSource } from './jpeg-source.js';
import { checkSize, type ImageLimits } from './limits.js';
import { RasterSource, type PixelSource } from './pixel-source.js';
import type { Raster, RasterMode } from './raster.js';

/**
 * `PIL.Image.open(...).convert(mode)`: the first frame, alpha dropped rather than blended, without
 * rotation by EXIF and colour management.
 *
 * @throws UnsupportedImageError, DamagedImageError, ImageTooLargeError
 */
export async function readImage(
  bytes: Uint8Array,
  mode: RasterMode,
  limits: ImageLimits = {},
): Promise<Raster> {
  const format = knownFormat(bytes);
  if (format === 'GIF') return decodeGif(bytes, mode, limits);
  if (format === 'BMP') return decodeBmp(bytes, mode, limits);
  return decodeWithLibvips(bytes, format, mode, limits);
}

/** An image of which nothing but the header may have been read. */
export interface OpenedImage {
  readonly source: PixelSource;
  /** The pixels all the same, where the source does not come by them. */
  decode(): Promise<PixelSource>;
}

/**
 * As {@link readImage}, but a JPEG is decoded when its pixels are read: most of what a camera makes,
 * and only the part that is needed.
 *
 * @throws as {@link readImage}
 */
export async function openEncoded(
  bytes: Uint8Array,
  mode: RasterMode,
  limits: ImageLimits = {},
): Promise<OpenedImage> {
  const decode = async (): Promise<PixelSource> =>
    new RasterSource(await readImage(bytes, mode, limits));
  const header = knownFormat(bytes) === 'JPEG' ? readJpegHeader(bytes) : undefined;
  if (!header) return { source: await decode(), decode };
  checkSize(header.width, header.height, limits);
  return { source: new JpegSource(bytes, header, mode), decode };
}

/** The format, once the header passed the limits. @throws as {@link readImage} */
export async function inspectImage(
  bytes: Uint8Array,
  limits: ImageLimits = {},
): Promise<ImageFormat> {
  const format = knownFormat(bytes);
  const size =
    format === 'GIF'
      ? gifSize(bytes)
      : format === 'BMP'
        ? bmpSize(bytes)
        : (readJpegHeader(bytes) ?? (await libvipsSize(bytes, format)));
  checkSize(size.width, size.height, limits);
  return format;
}

function knownFormat(bytes: Uint8Array): ImageFormat {
  const format = formatOf(bytes);
  if (format === undefined) throw new UnsupportedImageError(describeUnknown(bytes));
  return format;
}
