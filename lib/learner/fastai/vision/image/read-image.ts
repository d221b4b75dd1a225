import { UnsupportedImageError } from '../../errors.js';
import { bmpSize, decodeBmp } from './bmp.js';
import { describeUnknown, formatOf, type ImageFormat } from './format.js';
import { decodeGif, gifSize } from './gif.js';
import { decodeWithLibvips, libvipsSize } from './libvips.js';
import { checkSize, type ImageLimits } from './limits.js';
import type { Raster, RasterMode } from './raster.js';

/**
 * An encoded image as `PIL.Image.open(...).convert(mode)` gives it: no rotation by EXIF, alpha
 * dropped rather than blended, no colour management, the first frame.
 *
 * @throws UnsupportedImageError, DamagedImageError, ImageTooLargeError
 */
export async function readImage(
  bytes: Uint8Array,
  mode: RasterMode,
  limits: ImageLimits = {},
): Promise<Raster> {
  const format = formatOf(bytes);
  if (format === undefined) throw new UnsupportedImageError(describeUnknown(bytes));
  if (format === 'GIF') return decodeGif(bytes, mode, limits);
  if (format === 'BMP') return decodeBmp(bytes, mode, limits);
  return decodeWithLibvips(bytes, format, mode, limits);
}

/** The format, once the header passed the limits. @throws as {@link readImage} */
export async function inspectImage(
  bytes: Uint8Array,
  limits: ImageLimits = {},
): Promise<ImageFormat> {
  const format = formatOf(bytes);
  if (format === undefined) throw new UnsupportedImageError(describeUnknown(bytes));
  const { width, height } = await sizeOf(bytes, format);
  checkSize(width, height, limits);
  return format;
}

async function sizeOf(
  bytes: Uint8Array,
  format: ImageFormat,
): Promise<{ width: number; height: number }> {
  if (format === 'GIF') return gifSize(bytes);
  if (format === 'BMP') return bmpSize(bytes);
  return libvipsSize(bytes, format);
}
