import type { Planes } from './planes.js';

/** How `grid_sample` reads between pixels. */
export type SampleMode = 'bilinear' | 'nearest' | 'bicubic';
/** What it reads outside the border. */
export type SamplePadding = 'reflection' | 'border' | 'zeros';

export interface SampleOptions {
  readonly mode: SampleMode;
  readonly padding: SamplePadding;
  readonly alignCorners: boolean;
}

/**
 * fastai's affine transforms at validation, `affine_coord` with the identity matrix: `grid_sample`,
 * after area averaging if it shrinks by more than two.
 */
export function sampleTo(
  image: Planes,
  width: number,
  height: number,
  options: SampleOptions,
): Planes {
  const source = options.mode === 'bilinear' ? shrunk(image, width, height, options) : image;
  const columns = axisTaps(source.width, width, options);
  return sample(source, columns, axisTaps(source.height, height, options));
}

function shrunk(
  image: Planes,
  width: number,
  height: number,
  { alignCorners }: SampleOptions,
): Planes {
  // The grid spans -1..1 between the centres of the corner pixels, and less between their edges.
  const reach = alignCorners ? 1 : Math.max(1 - 1 / width, 1 - 1 / height);
  return shrunkFor(image, width, (1 / Math.fround(2 * reach)) * 2);
}

/** fastai's "hack to get smoother downwards resampling", for an image that is also zoomed. */
export function shrunkFor(image: Planes, width: number, zoom: number): Planes {
  // fastai compares with the grid's last two sizes of [batch, height, width, 2].
  const factor = Math.min(image.height / width, image.width / 2) / 2;
  if (!(factor > 1 && factor > zoom)) return image;
  const scale = 1 / factor;
  const taps = (size: number): Taps => areaTaps(size, Math.floor(size * scale));
  return sample(image, taps(image.width), taps(image.height));
}

/** For each target position, its source indices (-1: none) and their weights. */
interface Taps {
  readonly size: number;
  readonly sources: readonly (readonly number[])[];
  readonly weights: readonly (readonly number[])[];
}

/** `F.interpolate(mode='area')`: adaptive average pooling. */
function areaTaps(sourceSize: number, size: number): Taps {
  const sources = Array.from({ length: size }, (_, i) => {
    const start = Math.floor((i * sourceSize) / size);
    const end = Math.ceil(((i + 1) * sourceSize) / size);
    return Array.from({ length: end - start }, (__, k) => start + k);
  });
  return { size, sources, weights: sources.map((all) => all.map(() => 1 / all.length)) };
}

function axisTaps(sourceSize: number, size: number, options: SampleOptions): Taps {
  const { alignCorners } = options;
  const taps = identityPlaces(size, alignCorners).map((place) =>
    tapsAt(positionOf(place, sourceSize, alignCorners), sourceSize, options),
  );
  return { size, sources: taps.map(([from]) => from), weights: taps.map(([, by]) => by) };
}

const f = Math.fround;

/** The positions of the identity grid, in torch's single precision. */
export function identityPlaces(size: number, alignCorners: boolean): number[] {
  const step = size > 1 ? f(2 / (size - 1)) : 0;
  return Array.from({ length: size }, (_, i) => {
    if (size === 1) return f(alignCorners ? -1 : 0);
    // torch.linspace counts from the nearer end.
    const even = i < size / 2 ? f(-1 + f(step * i)) : f(1 - f(step * (size - 1 - i)));
    return alignCorners ? even : f(f(even * (size - 1)) / size);
  });
}

/** The source pixel of a position in -1..1. */
export function positionOf(place: number, sourceSize: number, alignCorners: boolean): number {
  return alignCorners
    ? f(f(place + 1) * f((sourceSize - 1) / 2))
    : f(f(f(place + 1) * f(sourceSize / 2)) - 0.5);
}

/** The source indices of one position (-1: none), and their weights. */
export function tapsAt(
  at: number,
  size: number,
  { mode, padding, alignCorners }: SampleOptions,
): [number[], number[]] {
  if (mode === 'bicubic') {
    const base = Math.floor(at);
    const from = [-1, 0, 1, 2].map((k) =>
      within(Math.round(folded(base + k, size, padding, alignCorners)), size),
    );
    return [from, cubicWeights(at - base)];
  }
  const position = folded(at, size, padding, alignCorners);
  if (mode === 'nearest') return [[within(roundHalfEven(position), size)], [1]];
  const low = Math.floor(position);
  const weight = f(position - low);
  return [
    [within(low, size), within(low + 1, size)],
    [f(1 - weight), weight],
  ];
}

function within(position: number, size: number): number {
  return position >= 0 && position < size ? position : -1;
}

/** A position moved back into the image, according to the padding. */
function folded(at: number, size: number, padding: SamplePadding, alignCorners: boolean): number {
  if (padding === 'zeros') return at;
  let position = at;
  if (padding === 'reflection') {
    const low = alignCorners ? 0 : -0.5;
    const span = alignCorners ? size - 1 : size;
    if (span === 0) return 0;
    const distance = Math.abs(position - low);
    const flips = Math.floor(distance / span);
    const extra = distance - flips * span;
    position = flips % 2 === 0 ? extra + low : span - extra + low;
  }
  return Math.min(size - 1, Math.max(0, position));
}

/** Cubic convolution with torch's a = -0.75. */
function cubicWeights(t: number): number[] {
  const a = -0.75;
  const near = (x: number): number => ((a + 2) * x - (a + 3)) * x * x + 1;
  const far = (x: number): number => ((a * x - 5 * a) * x + 8 * a) * x - 4 * a;
  return [far(t + 1), near(t), near(1 - t), far(2 - t)];
}

function roundHalfEven(value: number): number {
  const down = Math.floor(value);
  const rest = value - down;
  if (rest !== 0.5) return Math.round(value);
  return down % 2 === 0 ? down : down + 1;
}

/** The identity grid is the product of its rows and columns, so the axes are independent. */
function sample(image: Planes, columns: Taps, rows: Taps): Planes {
  const { channels, width, height } = image;
  const across = new Float32Array(columns.size * height);
  const out = new Float32Array(channels * columns.size * rows.size);
  for (let channel = 0; channel < channels; channel++) {
    const plane = image.data.subarray(channel * width * height, (channel + 1) * width * height);
    for (let x = 0; x < columns.size; x++) {
      const [sources, weights] = [columns.sources[x]!, columns.weights[x]!];
      for (let y = 0; y < height; y++) {
        let sum = 0;
        for (let k = 0; k < sources.length; k++) {
          const source = sources[k]!;
          if (source >= 0) sum += plane[y * width + source]! * weights[k]!;
        }
        across[y * columns.size + x] = sum;
      }
    }
    for (let y = 0; y < rows.size; y++) {
      const [sources, weights] = [rows.sources[y]!, rows.weights[y]!];
      const to = (channel * rows.size + y) * columns.size;
      for (let k = 0; k < sources.length; k++) {
        const source = sources[k]!;
        if (source < 0) continue;
        const weight = weights[k]!;
        for (let x = 0; x < columns.size; x++) {
          out[to + x] = out[to + x]! + across[source * columns.size + x]! * weight;
        }
      }
    }
  }
  return { channels, width: columns.size, height: rows.size, data: out };
}
