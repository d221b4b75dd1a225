import { LibraryLimitError } from '../library-error.js';
import {
  blank,
  channelsOf,
  clip8,
  convert,
  histogram,
  perBand,
  throughTable,
  type Pixels,
} from './pixels.js';
import { filled } from './geometry.js';

const f = Math.fround;

/** `Image.blend(first, second, alpha)`, in single precision; values beyond 0..1 are clipped. */
export function blend(first: Pixels, second: Pixels, alpha: number): Pixels {
  if (alpha === 0) return { ...first, data: first.data.slice() };
  if (alpha === 1) return { ...second, data: second.data.slice() };
  const part = f(alpha);
  const data = new Uint8Array(first.data.length);
  for (let i = 0; i < data.length; i++) {
    const below = first.data[i]!;
    data[i] = Math.trunc(clip8(f(below + f(part * (second.data[i]! - below)))));
  }
  return { ...first, data };
}

/** `ImageEnhance`'s four classes, each with its image at factor 0. */
export type Enhancement = 'Brightness' | 'Contrast' | 'Color' | 'Sharpness';

export function enhance(image: Pixels, kind: Enhancement, factor: number): Pixels {
  return blend(without(image, kind), image, factor);
}

function without(image: Pixels, kind: Enhancement): Pixels {
  const { mode, width, height } = image;
  if (mode === 'I' || mode === 'F' || mode === '1') {
    throw new LibraryLimitError(`Enhancing images of mode ${mode} is not supported`);
  }
  let plain: Pixels;
  if (kind === 'Brightness') plain = blank(mode, width, height);
  else if (kind === 'Color') plain = convert(convert(image, 'L'), mode);
  else if (kind === 'Contrast') {
    const grey = convert(image, 'L').data;
    let sum = 0;
    for (const value of grey) sum += value;
    plain = convert(filled('L', width, height, [Math.trunc(sum / grey.length + 0.5)]), mode);
  } else plain = filter(image, KERNELS.get('SMOOTH')!);
  if (mode !== 'RGBA' && mode !== 'LA') return plain;
  const at = channelsOf(mode) - 1;
  for (let i = at; i < plain.data.length; i += at + 1) plain.data[i] = image.data[i]!;
  return plain;
}

/** Weights for 3 x 3 or 5 x 5 pixels. */
export interface Kernel {
  readonly size: 3 | 5;
  readonly scale: number;
  readonly offset: number;
  readonly weights: readonly number[];
}

const three = (scale: number, offset: number, ...weights: number[]): Kernel => ({
  size: 3,
  scale,
  offset,
  weights,
});
const five = (scale: number, offset: number, ...weights: number[]): Kernel => ({
  size: 5,
  scale,
  offset,
  weights,
});

/** Filters of `ImageFilter` by name. */
export const KERNELS: ReadonlyMap<string, Kernel> = new Map([
  ['BLUR', five(16, 0, 1, 1, 1, 1, 1, 1, 0, 0, 0, 1, 1, 0, 0, 0, 1, 1, 0, 0, 0, 1, 1, 1, 1, 1, 1)],
  ['CONTOUR', three(1, 255, -1, -1, -1, -1, 8, -1, -1, -1, -1)],
  ['DETAIL', three(6, 0, 0, -1, 0, -1, 10, -1, 0, -1, 0)],
  ['EDGE_ENHANCE', three(2, 0, -1, -1, -1, -1, 10, -1, -1, -1, -1)],
  ['EDGE_ENHANCE_MORE', three(1, 0, -1, -1, -1, -1, 9, -1, -1, -1, -1)],
  ['EMBOSS', three(1, 128, -1, 0, 0, 0, 1, 0, 0, 0, 0)],
  ['FIND_EDGES', three(1, 0, -1, -1, -1, -1, 8, -1, -1, -1, -1)],
  ['SHARPEN', three(16, 0, -2, -2, -2, -2, 32, -2, -2, -2, -2)],
  ['SMOOTH', three(13, 0, 1, 1, 1, 1, 5, 1, 1, 1, 1)],
  [
    'SMOOTH_MORE',
    five(100, 0, 1, 1, 1, 1, 1, 1, 5, 5, 5, 1, 1, 5, 44, 5, 1, 1, 5, 5, 5, 1, 1, 1, 1, 1, 1),
  ],
]);

/** `image.filter(kernel)`: border pixels do not change. */
export function filter(image: Pixels, kernel: Kernel): Pixels {
  const half = (kernel.size - 1) / 2;
  const weights = kernel.weights.map((weight) => f(f(weight) / f(kernel.scale)));
  return perBand(image, (one) => {
    const { width, height, data } = one;
    const out = new Uint8Array(data);
    for (let y = half; y < height - half; y++) {
      for (let x = half; x < width - half; x++) {
        let sum = f(kernel.offset + 0.5);
        // The first row of weights belongs to the lowest pixels.
        for (let row = 0; row < kernel.size; row++) {
          const from = (y + half - row) * width + x - half;
          let line = 0;
          for (let k = 0; k < kernel.size; k++) {
            line = f(line + f(data[from + k]! * weights[row * kernel.size + k]!));
          }
          sum = f(sum + line);
        }
        out[y * width + x] = Math.trunc(clip8(sum));
      }
    }
    return { ...one, data: out };
  });
}

/** The radius of boxes that approximate a Gaussian in three passes. */
export function boxRadius(radius: number, passes = 3): number {
  const variance = f(f(radius * radius) / passes);
  const length = f(Math.sqrt(12 * variance + 1));
  const whole = f(Math.floor((length - 1) / 2));
  let part = f(f(2 * whole + 1) * f(f(whole * f(whole + 1)) - f(3 * variance)));
  part = f(part / f(6 * f(variance - f(f(whole + 1) * f(whole + 1)))));
  return f(whole + part);
}

/** `BoxBlur(radius)`, applied that many times. */
export function boxBlur(image: Pixels, radius: readonly [number, number], passes: number): Pixels {
  if (image.mode === 'I' || image.mode === 'F' || image.mode === '1') {
    throw new LibraryLimitError(`Blurring images of mode ${image.mode} is not supported`);
  }
  return perBand(image, (one) => {
    let data = new Uint8Array(one.data);
    const { width, height } = one;
    for (let pass = 0; pass < passes && radius[0] !== 0; pass++) {
      data = blurred(data, width, height, radius[0], width, 1);
    }
    for (let pass = 0; pass < passes && radius[1] !== 0; pass++) {
      data = blurred(data, height, width, radius[1], 1, width);
    }
    return { ...one, data };
  });
}

/** Lines of `size` pixels at a distance of `step`, in PIL's fixed point of 24 bits. */
function blurred(
  data: Uint8Array<ArrayBuffer>,
  size: number,
  lines: number,
  floatRadius: number,
  lineStep: number,
  step: number,
): Uint8Array<ArrayBuffer> {
  const out = new Uint8Array(data.length);
  const radius = Math.trunc(floatRadius);
  const inner = Math.floor(f(2 ** 24 / f(f(floatRadius) * 2 + 1)));
  const outer = Math.floor((2 ** 24 - (radius * 2 + 1) * inner) / 2);
  const last = size - 1;
  for (let line = 0; line < lines; line++) {
    const start = line * lineStep;
    const at = (x: number): number => data[start + Math.min(last, Math.max(0, x)) * step]!;
    let sum = 0;
    for (let x = -radius; x <= radius; x++) sum += at(x);
    for (let x = 0; x < size; x++) {
      const bulk = sum * inner + (at(x - radius - 1) + at(x + radius + 1)) * outer;
      out[start + x * step] = Math.floor((bulk + 2 ** 23) / 2 ** 24);
      sum += at(x + radius + 1) - at(x - radius);
    }
  }
  return out;
}

export function unsharpMask(
  image: Pixels,
  radius: number,
  percent: number,
  threshold: number,
): Pixels {
  const soft = boxBlur(image, [boxRadius(radius), boxRadius(radius)], 3);
  const data = new Uint8Array(image.data.length);
  for (let i = 0; i < data.length; i++) {
    const difference = image.data[i]! - soft.data[i]!;
    data[i] =
      Math.abs(difference) > threshold
        ? clip8(image.data[i]! + Math.trunc((difference * percent) / 100))
        : image.data[i]!;
  }
  return { ...image, data };
}

/** `ImageOps.autocontrast`. */
export function autocontrast(image: Pixels, cutoff: readonly [number, number]): Pixels {
  const counts = histogram(image);
  const bands = channelsOf(image.mode);
  const table: number[] = [];
  for (let index = 0; index < bands; index++) {
    const own = counts.slice(index * 256, (index + 1) * 256);
    cutOff(own, cutoff);
    const low = own.findIndex((count) => count !== 0);
    const high = own.findLastIndex((count) => count !== 0);
    const [from, to] = [low < 0 ? 255 : low, high < 0 ? 0 : high];
    if (to <= from) {
      for (let value = 0; value < 256; value++) table.push(value);
      continue;
    }
    const scale = 255 / (to - from);
    const offset = -from * scale;
    for (let value = 0; value < 256; value++) table.push(clip8(Math.trunc(value * scale + offset)));
  }
  return throughTable(image, table);
}

/** Drops that percentage of pixels at each end. */
function cutOff(counts: number[], [low, high]: readonly [number, number]): void {
  const total = counts.reduce((sum, count) => sum + count, 0);
  const takeFrom = (percent: number, order: readonly number[]): void => {
    let cut = Math.floor((total * percent) / 100);
    for (const value of order) {
      const taken = Math.min(cut, counts[value]!);
      counts[value]! -= taken;
      cut -= taken;
      if (cut <= 0) break;
    }
  };
  const upwards = counts.map((_, value) => value);
  if (low > 0) takeFrom(low, upwards);
  if (high > 0) takeFrom(high, upwards.toReversed());
}

/** `ImageOps.equalize`. */
export function equalize(image: Pixels): Pixels {
  const counts = histogram(image);
  const table: number[] = [];
  for (let index = 0; index < channelsOf(image.mode); index++) {
    const own = counts.slice(index * 256, (index + 1) * 256);
    const used = own.filter((count) => count > 0);
    const total = used.reduce((sum, count) => sum + count, 0);
    const step = Math.floor((total - (used.at(-1) ?? 0)) / 255);
    if (used.length <= 1 || step === 0) {
      for (let value = 0; value < 256; value++) table.push(value);
      continue;
    }
    let sum = Math.floor(step / 2);
    for (const count of own) {
      table.push(Math.floor(sum / step));
      sum += count;
    }
  }
  return throughTable(image, table);
}
