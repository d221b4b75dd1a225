import { LibraryError, LibraryLimitError } from '../library-error.js';
import type { Resample } from '../../vision/image/filters.js';
import { resize as resizeRaster, resizeBox } from '../../vision/image/resample.js';
import { blank, channelsOf, isBytes, perBand, type Pixels, type PilMode } from './pixels.js';

export type Size = readonly [width: number, height: number];
export type Box = readonly [left: number, top: number, right: number, bottom: number];

/** Pastes an image into another at a position; pixels outside are dropped. */
export function pasteInto(
  target: Pixels,
  source: Pixels,
  left: number,
  top: number,
  mask?: Pixels,
): void {
  const step = channelsOf(target.mode);
  for (let y = 0; y < source.height; y++) {
    const to = y + top;
    if (to < 0 || to >= target.height) continue;
    for (let x = 0; x < source.width; x++) {
      const at = x + left;
      if (at < 0 || at >= target.width) continue;
      const from = (y * source.width + x) * step;
      const into = (to * target.width + at) * step;
      const alpha = mask ? mask.data[y * mask.width + x]! : 255;
      if (alpha === 0) continue;
      for (let c = 0; c < step; c++) {
        target.data[into + c] =
          alpha === 255
            ? source.data[from + c]!
            : blended(target.data[into + c]!, source.data[from + c]!, alpha);
      }
    }
  }
}

/** PIL's BLEND: rounded division by 255. */
function blended(below: number, above: number, alpha: number): number {
  const sum = above * alpha + below * (255 - alpha) + 128;
  return ((sum >> 8) + sum) >> 8;
}

/** `image.crop(box)`: zeros outside the image. */
export function crop(image: Pixels, [left, top, right, bottom]: Box): Pixels {
  if (right < left || bottom < top) {
    throw new LibraryError(
      'ValueError',
      right < left
        ? "Coordinate 'right' is less than 'left'"
        : "Coordinate 'lower' is less than 'upper'",
    );
  }
  const made = blank(image.mode, right - left, bottom - top);
  pasteInto(made, image, -left, -top);
  return made;
}

/** `image.resize(size, resample, box)`. */
export function resize(
  image: Pixels,
  [width, height]: Size,
  resample: Resample,
  box?: Box,
): Pixels {
  if (width <= 0 || height <= 0) {
    throw new LibraryError('ValueError', 'height and width must be > 0');
  }
  const isPart = box && box.some((edge, i) => edge !== [0, 0, image.width, image.height][i]);
  if (isPart) return resizePart(image, width, height, resample, box);
  if (image.width === width && image.height === height) return image;
  const way = image.mode === '1' ? 'nearest' : resample;
  if (!isBytes(image.mode)) {
    throw new LibraryLimitError(`Resizing images of mode ${image.mode} is not supported`);
  }
  if ((image.mode === 'RGBA' || image.mode === 'LA') && way !== 'nearest') {
    return resizeWithAlpha(image, width, height, way);
  }
  if (image.mode === 'RGB') {
    const data = image.data as Uint8Array;
    return { ...resizeRaster({ ...image, mode: 'RGB', data }, width, height, way), mode: 'RGB' };
  }
  return perBand(image, (band) => resizeGrey(band, width, height, way));
}

function resizePart(image: Pixels, width: number, height: number, way: Resample, box: Box): Pixels {
  const { mode } = image;
  if (way === 'nearest' || (mode !== 'L' && mode !== 'RGB')) {
    throw new LibraryLimitError(
      `Resizing a part of an image of mode ${mode} by "${way}" is not supported`,
    );
  }
  const [left, top, right, bottom] = box;
  if (left < 0 || top < 0 || right > image.width || bottom > image.height) {
    throw new LibraryError('ValueError', "Box can't exceed original image size");
  }
  const data = image.data as Uint8Array;
  return { ...resizeBox({ ...image, mode, data }, width, height, way, box), mode };
}

function resizeGrey(image: Pixels, width: number, height: number, way: Resample): Pixels {
  const data = image.data as Uint8Array;
  return resizeRaster({ ...image, mode: 'L', data }, width, height, way);
}

/** Alpha weights colours: PIL multiplies by it before and divides after. */
function resizeWithAlpha(image: Pixels, width: number, height: number, way: Resample): Pixels {
  const bands = channelsOf(image.mode);
  const weighted = { ...image, data: new Uint8Array(image.data.length) };
  for (let i = 0; i < image.data.length; i += bands) {
    const alpha = image.data[i + bands - 1]!;
    for (let c = 0; c < bands - 1; c++) {
      const product = image.data[i + c]! * alpha + 128;
      weighted.data[i + c] = ((product >> 8) + product) >> 8;
    }
    weighted.data[i + bands - 1] = alpha;
  }
  const made = perBand(weighted, (band) => resizeGrey(band, width, height, way));
  for (let i = 0; i < made.data.length; i += bands) {
    const alpha = made.data[i + bands - 1]!;
    if (alpha === 0 || alpha === 255) continue;
    for (let c = 0; c < bands - 1; c++) {
      made.data[i + c] = Math.min(255, Math.trunc((255 * made.data[i + c]!) / alpha));
    }
  }
  return made;
}

/** By number in `Image.Transpose`. */
export const TRANSPOSES = [
  'FLIP_LEFT_RIGHT',
  'FLIP_TOP_BOTTOM',
  'ROTATE_90',
  'ROTATE_180',
  'ROTATE_270',
  'TRANSPOSE',
  'TRANSVERSE',
] as const;
export type Turn = (typeof TRANSPOSES)[number];

export function transpose(image: Pixels, turn: Turn): Pixels {
  const { width, height } = image;
  const turns = turn !== 'FLIP_LEFT_RIGHT' && turn !== 'FLIP_TOP_BOTTOM' && turn !== 'ROTATE_180';
  const made = turns ? blank(image.mode, height, width) : blank(image.mode, width, height);
  const step = channelsOf(image.mode);
  const sources: Readonly<Record<Turn, (x: number, y: number) => readonly [number, number]>> = {
    FLIP_LEFT_RIGHT: (x, y) => [width - 1 - x, y],
    FLIP_TOP_BOTTOM: (x, y) => [x, height - 1 - y],
    ROTATE_90: (x, y) => [width - 1 - y, x],
    ROTATE_180: (x, y) => [width - 1 - x, height - 1 - y],
    ROTATE_270: (x, y) => [y, height - 1 - x],
    TRANSPOSE: (x, y) => [y, x],
    TRANSVERSE: (x, y) => [width - 1 - y, height - 1 - x],
  };
  const source = sources[turn];
  for (let y = 0, to = 0; y < made.height; y++) {
    for (let x = 0; x < made.width; x++) {
      const [fromX, fromY] = source(x, y);
      const from = (fromY * width + fromX) * step;
      for (let c = 0; c < step; c++) made.data[to++] = image.data[from + c]!;
    }
  }
  return made;
}

export interface Rotation {
  readonly expands: boolean;
  readonly center: Size | undefined;
  readonly translate: Size | undefined;
  /** One value per band. */
  readonly fill: readonly number[] | undefined;
}

/** `image.rotate(angle)` with the nearest pixel, PIL's default. */
export function rotate(image: Pixels, degrees: number, how: Rotation): Pixels {
  const angle = ((degrees % 360) + 360) % 360;
  const { width, height } = image;
  const { expands, center, translate } = how;
  if (!center && !translate) {
    if (angle === 0) return { ...image, data: image.data.slice() };
    if (angle === 180) return transpose(image, 'ROTATE_180');
    if ((angle === 90 || angle === 270) && (expands || width === height)) {
      return transpose(image, angle === 90 ? 'ROTATE_90' : 'ROTATE_270');
    }
  }
  const radians = -((angle * Math.PI) / 180);
  const [cos, sin] = [rounded(Math.cos(radians)), rounded(Math.sin(radians))];
  const [centerX, centerY] = center ?? [width / 2, height / 2];
  const [moveX, moveY] = translate ?? [0, 0];
  const matrix = [cos, sin, 0, rounded(-Math.sin(radians)), cos, 0];
  const place = (x: number, y: number): [number, number] => [
    matrix[0]! * x + matrix[1]! * y + matrix[2]!,
    matrix[3]! * x + matrix[4]! * y + matrix[5]!,
  ];
  const [c, f] = place(-centerX - moveX, -centerY - moveY);
  matrix[2] = c + centerX;
  matrix[5] = f + centerY;
  let [outWidth, outHeight] = [width, height];
  if (expands) {
    const corners = [place(0, 0), place(width, 0), place(width, height), place(0, height)];
    const extent = (values: number[]): number =>
      Math.ceil(Math.max(...values)) - Math.floor(Math.min(...values));
    outWidth = extent(corners.map(([x]) => x));
    outHeight = extent(corners.map(([, y]) => y));
    const [x, y] = place(-(outWidth - width) / 2, -(outHeight - height) / 2);
    matrix[2] = x;
    matrix[5] = y;
  }
  return nearestAffine(image, [outWidth, outHeight], matrix, how.fill);
}

/** As `round(x, 15)`. */
const rounded = (x: number): number => Number(x.toFixed(15));

/** PIL's affine transformation in 16-bit fixed point. */
function nearestAffine(
  image: Pixels,
  [width, height]: Size,
  matrix: readonly number[],
  fill: readonly number[] | undefined,
): Pixels {
  const [a, b, c, d, e, f] = matrix as [number, number, number, number, number, number];
  if (image.width >= 32768 || image.height >= 32768 || width >= 32768 || height >= 32768) {
    throw new LibraryLimitError('Rotating an image of this size is not supported');
  }
  const made = filled(image.mode, width, height, fill ?? []);
  const step = channelsOf(image.mode);
  const fixed = (value: number): number => Math.floor(value * 65536 + 0.5);
  let [startX, startY] = [fixed(c + a * 0.5 + b * 0.5), fixed(f + d * 0.5 + e * 0.5)];
  const [stepX, stepY] = [fixed(a), fixed(d)];
  for (let y = 0, to = 0; y < height; y++) {
    let [x, fromY] = [startX, startY];
    for (let k = 0; k < width; k++, to += step) {
      const [column, row] = [Math.floor(x / 65536), Math.floor(fromY / 65536)];
      if (column >= 0 && column < image.width && row >= 0 && row < image.height) {
        const from = (row * image.width + column) * step;
        for (let band = 0; band < step; band++) made.data[to + band] = image.data[from + band]!;
      }
      x += stepX;
      fromY += stepY;
    }
    startX += fixed(b);
    startY += fixed(e);
  }
  return made;
}

/** An image of one colour. */
export function filled(
  mode: PilMode,
  width: number,
  height: number,
  colour: readonly number[],
): Pixels {
  const made = blank(mode, width, height);
  if (colour.every((value) => value === 0)) return made;
  const bands = channelsOf(mode);
  for (let i = 0; i < made.data.length; i++) made.data[i] = colour[i % bands] ?? 0;
  return made;
}

/** `image.getbbox()`: the box of nonzero pixels. */
export function boundingBox(image: Pixels): Box | undefined {
  const { width, height, data, mode } = image;
  const step = channelsOf(mode);
  let [left, top, right, bottom] = [width, -1, 0, 0];
  for (let y = 0, at = 0; y < height; y++) {
    for (let x = 0; x < width; x++, at += step) {
      let isOn = false;
      // If the image has alpha, only alpha counts.
      if (mode === 'RGBA' || mode === 'LA') isOn = data[at + step - 1] !== 0;
      else for (let c = 0; c < step; c++) isOn ||= data[at + c] !== 0;
      if (!isOn) continue;
      left = Math.min(left, x);
      right = Math.max(right, x + 1);
      if (top < 0) top = y;
      bottom = y + 1;
    }
  }
  return top < 0 ? undefined : [left, top, right, bottom];
}
