import { UnsupportedImageError } from '../../errors.js';
import { bmpSize, decodeBmp } from './bmp.js';
import { describeUnknown, formatOf, type ImageFormat } from './format.js';
import { decodeGif, gifSize } from './gif.js';
import { decodeWithLibvips, libvipsSize } from './libvips.js';
import { readJpegHeader } from './jpeg-header.js';
import { JpegSource } from './jpeg-source.js';
import { checkSize, type ImageLimits } from './limits.js';
import { decodePpm, ppmSize } from './ppm.js';
import { RasterSource, type PixelSource } from './pixel-source.js';
import type { Raster, RasterMode } from './raster.js';

/**
 * `PIL.Image.open(...).convert(mode)`: the first frame, alpha dropped rather than blended, without
 * EXIF rotation or colour management.
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
  if (format === 'PPM') return decodePpm(bytes, mode, limits);
  return decodeWithLibvips(bytes, format, mode, limits);
}

/** An image with perhaps only its header read. */
export interface OpenedImage {
  readonly source: PixelSource;
  /** The pixels in another way, if the source cannot provide them. */
  decode(): Promise<PixelSource>;
}

/**
 * Like {@link readImage}, but decodes most JPEGs of cameras when their pixels are read, and only
 * the needed part.
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

/** Formats that this package reads by itself. */
const sizes: Partial<
  Record<ImageFormat, (bytes: Uint8Array) => { readonly width: number; readonly height: number }>
> = { GIF: gifSize, BMP: bmpSize, PPM: ppmSize };

/** The format, after the header passed the limits. @throws as {@link readImage} */
export async function inspectImage(
  bytes: Uint8Array,
  limits: ImageLimits = {},
): Promise<ImageFormat> {
  const format = knownFormat(bytes);
  const size =
    sizes[format]?.(bytes) ?? readJpegHeader(bytes) ?? (await libvipsSize(bytes, format));
  checkSize(size.width, size.height, limits);
  return format;
}

function knownFormat(bytes: Uint8Array): ImageFormat {
  const format = formatOf(bytes);
  if (format === undefined) throw new UnsupportedImageError(describeUnknown(bytes));
  return format;
}
