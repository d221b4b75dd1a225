import { UnsupportedImageError } from '../../errors.js';
import { bmpSize, decodeBmp } from './bmp.js';
import { describeUnknown, formatOf, type ImageFormat } from './format.js';
import { decodeGif, gifSize } from './gif.js';
import { decodeWithLibvips, libvipsSize } from './libvips.js';
import { checkSize, type ImageLimits } from './limits.js';
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
        : await libvipsSize(bytes, format);
  checkSize(size.width, size.height, limits);
  return format;
}

function knownFormat(bytes: Uint8Array): ImageFormat {
  const format = formatOf(bytes);
  if (format === undefined) throw new UnsupportedImageError(describeUnknown(bytes));
  return format;
}
