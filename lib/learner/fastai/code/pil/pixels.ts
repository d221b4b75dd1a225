import { LibraryError, LibraryLimitError } from '../library-error.js';
/** The supported modes of PIL. */
export const MODES = ['1', 'L', 'LA', 'RGB', 'RGBA', 'HSV', 'I', 'F'] as const;
export type PilMode = (typeof MODES)[number];

/** An image: rows from the top, bands interleaved. Bytes, or 32 bits per pixel in modes I and F. */
export interface Pixels {
  readonly mode: PilMode;
  readonly width: number;
  readonly height: number;
  readonly data: Uint8Array | Int32Array | Float32Array;
}

const BANDS: Readonly<Record<PilMode, readonly string[]>> = {
  '1': ['1'],
  L: ['L'],
  LA: ['L', 'A'],
  RGB: ['R', 'G', 'B'],
  RGBA: ['R', 'G', 'B', 'A'],
  HSV: ['H', 'S', 'V'],
  I: ['I'],
  F: ['F'],
};

export const bandsOf = (mode: PilMode): readonly string[] => BANDS[mode];
export const channelsOf = (mode: PilMode): number => BANDS[mode].length;
export const isPilMode = (mode: string): mode is PilMode => Object.hasOwn(BANDS, mode);
/** Whether its elements are bytes. */
export const isBytes = (mode: PilMode): boolean => mode !== 'I' && mode !== 'F';

/** An image of zeros. */
export function blank(mode: PilMode, width: number, height: number): Pixels {
  const length = width * height * channelsOf(mode);
  const data =
    mode === 'I'
      ? new Int32Array(length)
      : mode === 'F'
        ? new Float32Array(length)
        : new Uint8Array(length);
  return { mode, width, height, data };
}

/** Maps each pixel with a function that reads its bands and writes those of the result. */
function each(
  image: Pixels,
  mode: PilMode,
  write: (from: Pixels['data'], at: number, out: Pixels['data'], to: number) => void,
): Pixels {
  const made = blank(mode, image.width, image.height);
  const [step, stepOut] = [channelsOf(image.mode), channelsOf(mode)];
  for (let at = 0, to = 0; at < image.data.length; at += step, to += stepOut) {
    write(image.data, at, made.data, to);
  }
  return made;
}

type Write = Parameters<typeof each>[2];

/** ITU-R 601-2 luma in 16-bit fixed point. */
const luma = (from: Pixels['data'], at: number): number =>
  (from[at]! * 19595 + from[at + 1]! * 38470 + from[at + 2]! * 7471 + 0x8000) >> 16;
/** The same in thousandths, for PIL's conversion of colours to black and white. */
const lumaThousandths = (from: Pixels['data'], at: number): number =>
  from[at]! * 299 + from[at + 1]! * 587 + from[at + 2]! * 114;

const copyOne: Write = (from, at, out, to) => (out[to] = from[at]!);
const toGrey: Write = (from, at, out, to) => (out[to] = luma(from, at));
const spread: Write = (from, at, out, to) => (out[to] = out[to + 1] = out[to + 2] = from[at]!);
const copyThree: Write = (from, at, out, to) => {
  for (let band = 0; band < 3; band++) out[to + band] = from[at + band]!;
};
const opaque =
  (write: Write, at: number): Write =>
  (from, start, out, to) => {
    write(from, start, out, to);
    out[to + at] = 255;
  };
const withAlpha =
  (write: Write, from: number, to: number): Write =>
  (data, start, out, at) => {
    write(data, start, out, at);
    out[at + to] = data[start + from]!;
  };
const clipped: Write = (from, at, out, to) =>
  (out[to] = from[at]! <= 0 ? 0 : from[at]! >= 255 ? 255 : Math.trunc(from[at]!));

const CONVERSIONS: ReadonlyMap<string, Write> = new Map<string, Write>([
  ['1>L', copyOne],
  ['1>RGB', spread],
  ['1>RGBA', opaque(spread, 3)],
  ['1>LA', opaque(copyOne, 1)],
  ['L>LA', opaque(copyOne, 1)],
  ['L>RGB', spread],
  ['L>RGBA', opaque(spread, 3)],
  ['L>I', copyOne],
  ['L>F', copyOne],
  ['LA>L', copyOne],
  ['LA>RGB', spread],
  ['LA>RGBA', withAlpha(spread, 1, 3)],
  ['RGB>L', toGrey],
  ['RGB>LA', opaque(toGrey, 1)],
  ['RGB>RGBA', opaque(copyThree, 3)],
  ['RGB>HSV', toHsv],
  ['RGBA>L', toGrey],
  ['RGBA>LA', withAlpha(toGrey, 3, 1)],
  ['RGBA>RGB', copyThree],
  ['HSV>RGB', fromHsv],
  ['I>L', clipped],
  ['I>F', copyOne],
  ['F>L', clipped],
  ['F>I', (from, at, out, to) => (out[to] = Math.trunc(from[at]!))],
]);

/** `image.convert(mode, dither=...)`. @throws LibraryLimitError */
export function convert(image: Pixels, mode: PilMode, dithers = true): Pixels {
  if (image.mode === mode) return image;
  if (mode === '1') return toBilevel(image, dithers);
  const write = CONVERSIONS.get(`${image.mode}>${mode}`);
  if (write) return each(image, mode, write);
  throw new LibraryLimitError(
    `Converting images of mode ${image.mode} to ${mode} is not supported`,
  );
}

/** Black and white: Floyd-Steinberg dithering in PIL's integers, or a threshold in the middle. */
function toBilevel(image: Pixels, dithers: boolean): Pixels {
  const colours = image.mode === 'RGB' || image.mode === 'RGBA';
  if (!colours && image.mode !== 'L') {
    throw new LibraryLimitError(`Converting images of mode ${image.mode} to 1 is not supported`);
  }
  const { width, height, data } = image;
  const step = channelsOf(image.mode);
  const made = blank('1', width, height);
  if (!dithers) {
    return each(image, '1', (from, at, out, to) => {
      const isLight = colours ? lumaThousandths(from, at) >= 128_000 : from[at]! >= 128;
      out[to] = isLight ? 255 : 0;
    });
  }
  const errors = new Int32Array(width + 1);
  for (let y = 0, at = 0; y < height; y++) {
    let [l, l0, l1] = [0, 0, 0];
    for (let x = 0; x < width; x++, at++) {
      const value = colours ? Math.trunc(lumaThousandths(data, at * step) / 1000) : data[at]!;
      l = clip8(value + Math.trunc((l + errors[x + 1]!) / 16));
      const out = l > 128 ? 255 : 0;
      made.data[at] = out;
      l -= out;
      const l2 = l;
      const d2 = l + l;
      l += d2;
      errors[x] = l + l0;
      l += d2;
      l0 = l + l1;
      l1 = l2;
      l += d2;
    }
    errors[width] = l0;
  }
  return made;
}

export const clip8 = (value: number): number => (value <= 0 ? 0 : value >= 255 ? 255 : value);

const f = Math.fround;

/** PIL's method, in single precision. */
function toHsv(from: Pixels['data'], at: number, out: Pixels['data'], to: number): void {
  const [r, g, b] = [from[at]!, from[at + 1]!, from[at + 2]!];
  const [most, least] = [Math.max(r, g, b), Math.min(r, g, b)];
  let [hue, saturation] = [0, 0];
  if (most !== least) {
    const range = f(most - least);
    const s = f(range / f(most));
    const rc = f(f(most - r) / range);
    const gc = f(f(most - g) / range);
    const bc = f(f(most - b) / range);
    let h = r === most ? f(bc - gc) : g === most ? f(2 + rc - bc) : f(4 + gc - rc);
    h = f((h / 6 + 1) % 1);
    hue = clip8(Math.trunc(h * 255));
    saturation = clip8(Math.trunc(s * 255));
  }
  out[to] = hue;
  out[to + 1] = saturation;
  out[to + 2] = most;
}

function fromHsv(from: Pixels['data'], at: number, out: Pixels['data'], to: number): void {
  const [h, s, v] = [from[at]!, from[at + 1]!, from[at + 2]!];
  if (s === 0) {
    out[to] = out[to + 1] = out[to + 2] = v;
    return;
  }
  const i = Math.floor((h * 6) / 255);
  const part = f((h * 6) / 255 - i);
  const fs = f(s / 255);
  const round = (x: number): number => clip8(Math.floor(x + 0.5));
  const p = round(v * (1 - fs));
  const q = round(v * (1 - fs * part));
  const t = round(v * (1 - fs * (1 - part)));
  const colours = [
    [v, t, p],
    [q, v, p],
    [p, v, t],
    [p, q, v],
    [t, p, v],
    [v, p, q],
  ] as const;
  const [r, g, b] = colours[i % 6]!;
  out[to] = r;
  out[to + 1] = g;
  out[to + 2] = b;
}

/** One band as an image. */
export function band(image: Pixels, index: number): Pixels {
  if (channelsOf(image.mode) === 1) return image;
  const made = blank('L', image.width, image.height);
  const step = channelsOf(image.mode);
  for (let i = 0; i < made.data.length; i++) made.data[i] = image.data[i * step + index]!;
  return made;
}

/** `Image.merge(mode, bands)`. */
export function merge(mode: PilMode, bands: readonly Pixels[]): Pixels {
  const [first] = bands;
  if (!first || bands.length !== channelsOf(mode)) {
    throw new LibraryError('ValueError', 'wrong number of bands');
  }
  if (bands.some(({ width, height }) => width !== first.width || height !== first.height)) {
    throw new LibraryError('ValueError', 'size mismatch');
  }
  if (bands.length === 1) return { ...first, mode };
  const made = blank(mode, first.width, first.height);
  bands.forEach(({ data }, index) => {
    for (let i = 0; i < data.length; i++) made.data[i * bands.length + index] = data[i]!;
  });
  return made;
}

/** Works on each band separately. */
export function perBand(image: Pixels, work: (band: Pixels, index: number) => Pixels): Pixels {
  const count = channelsOf(image.mode);
  if (count === 1) return { ...work(image, 0), mode: image.mode };
  return merge(
    image.mode,
    Array.from({ length: count }, (_, index) => work(band(image, index), index)),
  );
}

/** `image.point(table)`: 256 values per band. */
export function throughTable(image: Pixels, table: ArrayLike<number>, mode = image.mode): Pixels {
  const bands = channelsOf(image.mode);
  const data = new Uint8Array(image.data.length);
  for (let i = 0; i < data.length; i++) {
    data[i] = clip8(table[(i % bands) * 256 + image.data[i]!]!);
  }
  return { ...image, mode, data };
}

/** 256 counts per band. */
export function histogram({ mode, data }: Pixels): number[] {
  const bands = channelsOf(mode);
  const counts = Array.from({ length: 256 * bands }, () => 0);
  for (let i = 0; i < data.length; i++) counts[(i % bands) * 256 + data[i]!]!++;
  return counts;
}
