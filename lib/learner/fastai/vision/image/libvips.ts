import type sharpModule from 'sharp';
import type { Metadata, Sharp, SharpOptions } from 'sharp';
import { DamagedImageError, UnsupportedImageError } from '../../errors.js';
import type { ImageFormat } from './format.js';
import { checkSize, type ImageLimits } from './limits.js';
import { blank, convertRaster, type Raster, type RasterMode } from './raster.js';

/** PIL continues after damage in the middle of a JPEG; both stop at an error of libtiff. */
const failOn = { TIFF: 'error' } as Readonly<Record<string, 'error' | undefined>>;

/**
 * JPEG, PNG, WebP and TIFF through libvips, which uses the same decoding libraries as PIL; no
 * colour management, rotation or blending.
 */
export async function decodeWithLibvips(
  bytes: Uint8Array,
  format: ImageFormat,
  mode: RasterMode,
  limits: ImageLimits,
): Promise<Raster> {
  const options: SharpOptions = {
    failOn: failOn[format] ?? 'truncated',
    ignoreIcc: true,
    // The size is checked before anything is decoded, against the caller's limit.
    limitInputPixels: false,
    sequentialRead: true,
  };
  const sharp = await loadSharp();
  const open = (): Sharp => sharp(bytes, options);
  const metadata = await naming(format, 'header', () => open().metadata());
  checkSize(metadata.width, metadata.height, limits);
  const raster = await naming(format, 'pixels', () => decode(open(), bytes, format, metadata));
  return convertRaster(raster, mode);
}

/** Loaded with the first image: applications without images do not pay for the native library. */
export async function loadSharp(): Promise<typeof sharpModule> {
  return (await import('sharp')).default;
}

/** Width and height from the header only. @throws DamagedImageError */
export async function libvipsSize(
  bytes: Uint8Array,
  format: ImageFormat,
): Promise<{ width: number; height: number }> {
  const sharp = await loadSharp();
  const options: SharpOptions = { failOn: 'none', limitInputPixels: false };
  return naming(format, 'header', () => sharp(bytes, options).metadata());
}

/**
 * libvips throws plain errors. Their text is a log of the whole process: it may lack this image's
 * lines and have those of images that other threads decode. So the reason names the part that
 * cannot be read, and the text is only the cause.
 */
async function naming<T>(
  format: ImageFormat,
  part: 'header' | 'pixels',
  work: () => Promise<T>,
): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (!(error instanceof Error) || error.name !== 'Error') throw error;
    const are = part === 'header' ? 'is' : 'are';
    throw new DamagedImageError(format, `its ${part} ${are} damaged or cut off`, { cause: error });
  }
}

async function decode(
  image: Sharp,
  bytes: Uint8Array,
  format: ImageFormat,
  metadata: Metadata,
): Promise<Raster> {
  if (metadata.space === 'cmyk' && metadata.depth === 'uchar') return fromCmyk(image);
  if (format === 'PNG' && isGrey16(bytes, GREY)) return fromGrey16(image);
  if (format === 'PNG' && isGrey16(bytes, GREY_ALPHA))
    return fromGrey16(image, (value) => value >> 8);
  if (format === 'TIFF') {
    if (metadata.space === 'grey16' && metadata.channels === 1) {
      return fromGrey16(image.autoOrient());
    }
    if (metadata.channels === 1 && (metadata.depth === 'float' || metadata.depth === 'int')) {
      return fromNumbers(image.autoOrient());
    }
    checkTiff(metadata);
    // PIL rotates TIFF files by their orientation, and no others.
    return fromColours(image.autoOrient(), metadata);
  }
  return fromColours(image, metadata);
}

/** TIFF layouts that libvips and PIL read identically. */
function checkTiff({ depth, space, channels }: Metadata): void {
  if (depth === 'uchar' && (space === 'srgb' || (space === 'b-w' && (channels ?? 0) <= 2))) return;
  throw new UnsupportedImageError(`a TIFF file with an unsupported layout (${space}, ${depth})`);
}

async function fromColours(image: Sharp, metadata: Metadata): Promise<Raster> {
  const grey = metadata.space === 'b-w' || metadata.space === 'grey16';
  const { data, info } = await image
    .removeAlpha()
    .toColourspace(grey ? 'b-w' : 'srgb')
    .raw()
    .toBuffer({ resolveWithObject: true });
  if (info.channels !== 1 && info.channels !== 3) {
    throw new UnsupportedImageError(`an image of ${info.channels} channels`);
  }
  return { mode: info.channels === 1 ? 'L' : 'RGB', width: info.width, height: info.height, data };
}

/**
 * PIL's own arithmetic, without a profile: each colour is the light that its ink and black leave.
 */
async function fromCmyk(image: Sharp): Promise<Raster> {
  const { data, info } = await image
    .pipelineColourspace('cmyk')
    .toColourspace('cmyk')
    .raw()
    .toBuffer({ resolveWithObject: true });
  const out = blank('RGB', info.width, info.height);
  for (let from = 0, to = 0; to < out.data.length; from += info.channels, to += 3) {
    const light = 255 - data[from + 3]!;
    for (let c = 0; c < 3; c++) {
      const product = data[from + c]! * light + 128;
      out.data[to + c] = Math.max(0, light - (((product >> 8) + product) >> 8));
    }
  }
  return out;
}

/** Colour types of PNG. */
const [GREY, GREY_ALPHA] = [0, 4];

function isGrey16(png: Uint8Array, type: number): boolean {
  return png[24] === 16 && png[25] === type;
}

const clip = (value: number): number => Math.min(255, value);

/** PIL keeps 16-bit grey, and clips it when it converts to bytes. Beside alpha it halves the bits. */
async function fromGrey16(image: Sharp, toByte = clip): Promise<Raster> {
  const { data, info } = await image
    .removeAlpha()
    .toColourspace('grey16')
    .raw({ depth: 'ushort' })
    .toBuffer({ resolveWithObject: true });
  const values = new Uint16Array(data.buffer, data.byteOffset, data.byteLength / 2);
  const out = blank('L', info.width, info.height);
  for (let i = 0; i < out.data.length; i++) {
    out.data[i] = toByte(values[i * info.channels]!);
  }
  return out;
}

/** Numbers of 32 bits: PIL keeps them, and cuts and clips them when it converts to bytes. */
async function fromNumbers(image: Sharp): Promise<Raster> {
  const { data, info } = await image.raw({ depth: 'float' }).toBuffer({ resolveWithObject: true });
  const values = new Float32Array(data.buffer, data.byteOffset, data.byteLength / 4);
  const out = blank('L', info.width, info.height);
  const clamped = new Uint8ClampedArray(out.data.buffer);
  for (let i = 0; i < clamped.length; i++) clamped[i] = Math.trunc(values[i * info.channels]!);
  return out;
}
