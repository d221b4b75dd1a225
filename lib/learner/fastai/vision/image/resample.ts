import { filters, type Filter, type Resample } from './filters.js';
import { blank, channelsOf, type Raster } from './raster.js';

/** Fraction bits of a weight: 32 bits less 8 of the pixel and 2 for sums outside 0..255. */
const PRECISION = 22;
const HALF = 1 << (PRECISION - 1);

/**
 * PIL's `Image.resize(size, resample)`, pixel for pixel. The averaging filters widen when they
 * shrink an image, work in 22-bit fixed point along rows and along columns, and round to bytes in
 * between.
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

/** PIL from version 13 on starts with columns that shrink much more; the rounding shows it. */
function columnsFirst(raster: Raster, width: number, height: number): boolean {
  const fewerRows = raster.height - height;
  return fewerRows > 0 && fewerRows > (raster.width - width) * 2;
}

/** For each target position: its first source, their count, and the fixed-point weights. */
interface Weights {
  readonly size: number;
  readonly taps: number;
  readonly first: Int32Array;
  readonly count: Int32Array;
  readonly values: Int32Array;
}

function weightsFor(sourceSize: number, size: number, filter: Filter): Weights {
  const scale = sourceSize / size;
  const stretch = Math.max(1, scale);
  const inverse = 1 / stretch;
  const support = filter.support * stretch;
  const taps = Math.ceil(support) * 2 + 1;
  const first = new Int32Array(size);
  const count = new Int32Array(size);
  const values = new Int32Array(size * taps);
  const row = new Float64Array(taps);
  for (let target = 0; target < size; target++) {
    const center = (target + 0.5) * scale;
    const from = Math.max(0, Math.trunc(center - support + 0.5));
    const to = Math.min(sourceSize, Math.trunc(center + support + 0.5));
    let sum = 0;
    for (let i = 0; i < to - from; i++) {
      row[i] = filter.weight((i + from - center + 0.5) * inverse);
      sum += row[i]!;
    }
    for (let i = 0; i < to - from; i++) {
      const weight = (sum === 0 ? row[i]! : row[i]! / sum) * (1 << PRECISION);
      values[target * taps + i] = Math.trunc(weight < 0 ? weight - 0.5 : weight + 0.5);
    }
    first[target] = from;
    count[target] = to - from;
  }
  return { size, taps, first, count, values };
}

/** The same memory, whose elements clip what is written to them: much faster than a comparison. */
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

/** Adds up whole rows, two at a time: to go down single columns would jump through memory. */
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

/** PIL adds the step up, and its rounding errors with it. */
function nearestPositions(sourceSize: number, size: number): Int32Array {
  const step = sourceSize / size;
  const positions = new Int32Array(size);
  let at = step * 0.5;
  for (let i = 0; i < size; i++) {
    positions[i] = Math.min(sourceSize - 1, Math.trunc(at));
    at += step;
  }
  return positions;
}
