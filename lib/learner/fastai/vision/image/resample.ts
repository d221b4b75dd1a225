import { filters, type Resample } from './filters.js';
import { blank, channelsOf, type Raster } from './raster.js';
import { columnsFirst, nearestPositions, PRECISION, weightsFor, type Weights } from './weights.js';

const HALF = 1 << (PRECISION - 1);

/**
 * PIL's `Image.resize(size, resample)`, pixel for pixel. The averaging filters widen when they
 * shrink an image. They work in 22-bit fixed point along rows, then along columns, and round to
 * bytes in between. The kernels do the same faster; this is their reference, and replaces them if
 * they are missing.
 */
export function resize(
  raster: Raster,
  width: number,
  height: number,
  resample: Resample = 'bilinear',
): Raster {
  if (raster.width === width && raster.height === height) return raster;
  if (resample === 'nearest') return pickNearest(raster, width, height);
  const filter = filters[resample];
  const rows = (image: Raster) =>
    image.width === width ? image : alongRows(image, weightsFor(image.width, width, filter));
  const columns = (image: Raster) =>
    image.height === height ? image : alongColumns(image, weightsFor(image.height, height, filter));
  return columnsFirst(raster, width, height) ? rows(columns(raster)) : columns(rows(raster));
}

/**
 * PIL's `Image.resize(size, resample, box)` of a part of the image with possibly fractional
 * borders.
 */
export function resizeBox(
  raster: Raster,
  width: number,
  height: number,
  resample: Exclude<Resample, 'nearest'>,
  box: readonly [number, number, number, number],
): Raster {
  const [left, top, right, bottom] = box.map(Math.fround) as [number, number, number, number];
  const filter = filters[resample];
  const rows = (image: Raster) =>
    alongRows(image, weightsFor(image.width, width, filter, [left, right]));
  const columns = (image: Raster) =>
    alongColumns(image, weightsFor(image.height, height, filter, [top, bottom]));
  return columnsFirst(raster, width, height) ? rows(columns(raster)) : columns(rows(raster));
}

/** The same memory as a clamped array: clipping on write is much faster than a comparison. */
function clipping(raster: Raster): Uint8ClampedArray {
  return new Uint8ClampedArray(raster.data.buffer, raster.data.byteOffset, raster.data.length);
}

function alongRows(raster: Raster, weights: Weights): Raster {
  const out = blank(raster.mode, weights.size, raster.height);
  if (channelsOf(raster.mode) === 1) rowsOfGrey(raster, weights, out);
  else rowsOfColour(raster, weights, out);
  return out;
}

function rowsOfGrey(raster: Raster, { size, taps, first, count, values }: Weights, out: Raster) {
  const { width, height, data } = raster;
  const target = clipping(out);
  for (let y = 0, to = 0; y < height; y++) {
    for (let x = 0; x < size; x++) {
      let at = y * width + first[x]!;
      let sum = HALF;
      const base = x * taps;
      const end = base + count[x]!;
      for (let k = base; k < end; k++) sum = (sum + Math.imul(data[at++]!, values[k]!)) | 0;
      target[to++] = sum >> PRECISION;
    }
  }
}

function rowsOfColour(raster: Raster, { size, taps, first, count, values }: Weights, out: Raster) {
  const { width, height, data } = raster;
  const target = clipping(out);
  for (let y = 0, to = 0; y < height; y++) {
    for (let x = 0; x < size; x++) {
      let at = (y * width + first[x]!) * 3;
      let red = HALF;
      let green = HALF;
      let blue = HALF;
      const base = x * taps;
      const end = base + count[x]!;
      for (let k = base; k < end; k++, at += 3) {
        const weight = values[k]!;
        red = (red + Math.imul(data[at]!, weight)) | 0;
        green = (green + Math.imul(data[at + 1]!, weight)) | 0;
        blue = (blue + Math.imul(data[at + 2]!, weight)) | 0;
      }
      target[to] = red >> PRECISION;
      target[to + 1] = green >> PRECISION;
      target[to + 2] = blue >> PRECISION;
      to += 3;
    }
  }
}

/** Adds whole rows, two at a time: walking down single columns would jump through memory. */
function alongColumns(raster: Raster, { size, taps, first, count, values }: Weights): Raster {
  const { data } = raster;
  const out = blank(raster.mode, raster.width, size);
  const stride = raster.width * channelsOf(raster.mode);
  const target = clipping(out);
  const sums = new Int32Array(stride);
  for (let y = 0; y < size; y++) {
    sums.fill(HALF);
    const base = y * taps;
    const most = count[y]!;
    let from = first[y]! * stride;
    let k = 0;
    for (; k + 1 < most; k += 2, from += 2 * stride) {
      const [upper, lower] = [values[base + k]!, values[base + k + 1]!];
      for (let x = 0; x < stride; x++) {
        const pair = Math.imul(data[from + x]!, upper) + Math.imul(data[from + stride + x]!, lower);
        sums[x] = sums[x]! + pair;
      }
    }
    if (k < most) {
      const weight = values[base + k]!;
      for (let x = 0; x < stride; x++) sums[x] = sums[x]! + Math.imul(data[from + x]!, weight);
    }
    const to = y * stride;
    for (let x = 0; x < stride; x++) target[to + x] = sums[x]! >> PRECISION;
  }
  return out;
}

function pickNearest(raster: Raster, width: number, height: number): Raster {
  const channels = channelsOf(raster.mode);
  const out = blank(raster.mode, width, height);
  const columns = nearestPositions(raster.width, width);
  const rows = nearestPositions(raster.height, height);
  let to = 0;
  for (const row of rows) {
    for (const column of columns) {
      const from = (row * raster.width + column) * channels;
      for (let c = 0; c < channels; c++) out.data[to++] = raster.data[from + c]!;
    }
  }
  return out;
}
