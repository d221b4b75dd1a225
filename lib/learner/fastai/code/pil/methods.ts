import { RESAMPLES, type Resample } from '../../vision/image/filters.js';
import type { Context } from '../../../python/context.js';
import { HostObject } from '../../../python/host.js';
import { Instance, List, Tuple, type Value } from '../../../python/values.js';
import { colourOf } from './colours.js';
import { boxBlur, boxRadius, filter, unsharpMask, type Kernel } from './filters.js';
import {
  boundingBox,
  crop,
  pasteInto,
  resize,
  rotate,
  transpose,
  TRANSPOSES,
  type Box,
} from './geometry.js';
import {
  imageMethods,
  newImage,
  numberOf,
  PilImage,
  type ImageCall,
  type ImageMethod,
} from './image-value.js';
import {
  band,
  bandsOf,
  channelsOf,
  convert,
  histogram,
  isBytes,
  throughTable,
  type Pixels,
  type PilMode,
} from './pixels.js';

/** A filter of `ImageFilter`. */
export class FilterValue extends HostObject {
  override readonly typeName = 'Filter';

  constructor(readonly apply: (pixels: Pixels) => Pixels) {
    super();
  }

  static kernel(kernel: Kernel): FilterValue {
    return new FilterValue((pixels) => filter(pixels, kernel));
  }

  static gaussian(radius: readonly [number, number]): FilterValue {
    return new FilterValue((pixels) =>
      boxBlur(pixels, [boxRadius(radius[0]), boxRadius(radius[1])], 3),
    );
  }

  static box(radius: readonly [number, number]): FilterValue {
    return new FilterValue((pixels) => boxBlur(pixels, radius, 1));
  }

  static unsharp(radius: number, percent: number, threshold: number): FilterValue {
    return new FilterValue((pixels) => unsharpMask(pixels, radius, percent, threshold));
  }
}

const method = (name: string, parameters: string, run: ImageMethod['run']): void => {
  imageMethods.set(name, { parameters, run });
};

/** PIL's filter by number or enumeration member. */
export function resampleOf(ctx: Context, value: Value | undefined, absent: Resample): Resample {
  if (value === undefined || value === null) return absent;
  const code =
    value instanceof Instance && typeof value.payload === 'bigint' ? value.payload : value;
  const found = RESAMPLES[numberOf(ctx, code)];
  if (found) return found;
  throw ctx.raise('ValueError', `Unknown resampling filter (${ctx.repr(value)}).`);
}

const pair = (call: ImageCall, name: string): readonly [number, number] => {
  const [first, second] = call.numbers(name) ?? [];
  if (first === undefined || second === undefined) {
    throw call.ctx.raise('TypeError', `${name} must be a sequence of length 2`);
  }
  return [Math.trunc(first), Math.trunc(second)];
};

method('convert', 'mode=, matrix=, dither=, palette=, colors=', (call) => {
  if (call.has('matrix')) throw call.ctx.unsupported('convert() with a matrix is not supported');
  const mode = call.mode('mode');
  if (mode === undefined) return call.made({ ...call.pixels, data: call.pixels.data.slice() });
  const decoded = call.image.decodedAs(mode);
  if (decoded) return call.made(decoded);
  return call.made(convert(call.pixels, mode, !call.has('dither') || call.int('dither', 3) !== 0));
});
method('resize', 'size, resample=, box=, reducing_gap=', (call) => {
  if (call.has('reducing_gap'))
    throw call.ctx.unsupported('resize() with reducing_gap is not supported');
  const { ctx, pixels } = call;
  const box = call.numbers('box') as unknown as Box | undefined;
  const way = resampleOf(ctx, call.value('resample'), 'bicubic');
  return call.made(resize(pixels, pair(call, 'size'), way, box));
});
method('crop', 'box=', (call) => {
  const box = call.numbers('box');
  if (!box) return call.made(call.pixels);
  return call.made(crop(call.pixels, box.map(roundHalfEven) as unknown as Box));
});
method('transpose', 'method', (call) => {
  const turn = TRANSPOSES[call.int('method', -1)];
  if (!turn) throw call.ctx.raise('ValueError', 'No such transpose operation');
  return call.made(transpose(call.pixels, turn));
});
method('rotate', 'angle, resample=, expand=, center=, translate=, fillcolor=', (call) => {
  const { ctx, pixels } = call;
  const angle = call.number('angle', 0);
  const way = resampleOf(ctx, call.value('resample'), 'nearest');
  if (way !== 'nearest' && angle % 90 !== 0) {
    throw ctx.unsupported(`rotate() with the filter "${way}" is not supported; "nearest" is`);
  }
  const two = (name: string) =>
    call.numbers(name) as unknown as readonly [number, number] | undefined;
  return call.made(
    rotate(pixels, angle, {
      expands: call.bool('expand'),
      center: two('center'),
      translate: two('translate'),
      fill: call.has('fillcolor') ? colourOf(ctx, call.value('fillcolor'), pixels.mode) : undefined,
    }),
  );
});
method('copy', '', (call) =>
  newImage(call.ctx, { ...call.pixels, data: call.pixels.data.slice() }, call.image.cls),
);
method('load', '', () => null);
method('close', '', () => null);
method('thumbnail', 'size, resample=, reducing_gap=', (call) => {
  const { ctx, pixels } = call;
  const [width, height] = thumbnailSize(pixels, pair(call, 'size'));
  if (call.has('reducing_gap'))
    throw ctx.unsupported('thumbnail() with reducing_gap is not supported');
  if (width === pixels.width && height === pixels.height) return null;
  // PIL first shrinks by whole factors, down to three times the size.
  if (Math.trunc(pixels.width / width / 2) > 1 || Math.trunc(pixels.height / height / 2) > 1) {
    throw ctx.unsupported(
      'thumbnail() of an image four times as large is not supported; resize() is',
    );
  }
  call.image.pixels = resize(
    pixels,
    [width, height],
    resampleOf(ctx, call.value('resample'), 'bicubic'),
  );
  return null;
});
method('point', 'lut, mode=', (call) => {
  const { ctx, pixels } = call;
  if (!isBytes(pixels.mode))
    throw ctx.unsupported(`point() of images of mode ${pixels.mode} is not supported`);
  const lut = call.value('lut')!;
  const bands = channelsOf(pixels.mode);
  let table: number[];
  if (lut instanceof List || lut instanceof Tuple)
    table = lut.items.map((item) => numberOf(ctx, item));
  else {
    const once = Array.from({ length: 256 }, (_, i) => numberOf(ctx, ctx.call(lut, [BigInt(i)])));
    table = Array.from({ length: bands }, () => once).flat();
  }
  if (table.length !== 256 * bands) throw ctx.raise('ValueError', 'wrong number of lut entries');
  const mode = call.mode('mode') ?? pixels.mode;
  if (channelsOf(mode) !== bands)
    throw ctx.raise('ValueError', 'point operation not supported for this mode');
  return call.made(throughTable(pixels, table.map(roundHalfEven), mode));
});
method('filter', 'filter', (call) => {
  const given = call.value('filter')!;
  const made = given instanceof FilterValue ? given : call.ctx.call(given, []);
  if (!(made instanceof FilterValue))
    throw call.ctx.unsupported('This filter of images is not supported');
  return call.made(made.apply(call.pixels));
});
method(
  'split',
  '',
  (call) =>
    new Tuple(bandsOf(call.pixels.mode).map((_, index) => call.made(band(call.pixels, index)))),
);
method('getbands', '', (call) => new Tuple([...bandsOf(call.pixels.mode)]));
method('getchannel', 'channel', (call) => {
  const value = call.value('channel')!;
  const index =
    typeof value === 'string' ? bandsOf(call.pixels.mode).indexOf(value) : call.int('channel', 0);
  if (index < 0 || index >= channelsOf(call.pixels.mode)) {
    throw call.ctx.raise('ValueError', `The image has no channel "${call.ctx.str(value)}"`);
  }
  return call.made(band(call.pixels, index));
});
method('getbbox', 'alpha_only=', (call) => {
  const box = boundingBox(call.pixels);
  return box ? new Tuple(box.map(BigInt)) : null;
});
method('getextrema', '', (call) => {
  const { pixels, ctx } = call;
  if (!isBytes(pixels.mode))
    throw ctx.unsupported(`getextrema() of mode ${pixels.mode} is not supported`);
  const ranges = bandsOf(pixels.mode).map((_, index) => {
    const { data } = band(pixels, index);
    let [low, high] = [255, 0];
    for (const value of data) {
      low = Math.min(low, value);
      high = Math.max(high, value);
    }
    return new Tuple([BigInt(low), BigInt(high)]);
  });
  return ranges.length === 1 ? ranges[0]! : new Tuple(ranges);
});
method('histogram', '', (call) => {
  if (!isBytes(call.pixels.mode))
    throw call.ctx.unsupported(`histogram() of mode ${call.pixels.mode} is not supported`);
  return new List(histogram(call.pixels).map(BigInt));
});
method('getpixel', 'xy', (call) => {
  const { pixels, ctx } = call;
  const [x, y] = pair(call, 'xy').map((at, axis) =>
    at < 0 ? at + (axis === 0 ? pixels.width : pixels.height) : at,
  ) as [number, number];
  if (x < 0 || y < 0 || x >= pixels.width || y >= pixels.height) {
    throw ctx.raise('IndexError', 'image index out of range');
  }
  const step = channelsOf(pixels.mode);
  const at = (y * pixels.width + x) * step;
  const values = [...pixels.data.subarray(at, at + step)].map((value) =>
    pixels.mode === 'F' ? value : BigInt(value),
  );
  return step === 1 ? values[0]! : new Tuple(values);
});
method('paste', 'im, box=, mask=', (call) => {
  const { ctx, pixels } = call;
  const box = call.numbers('box');
  const [left = 0, top = 0, right = pixels.width, bottom = pixels.height] = box ?? [];
  const given = call.value('im')!;
  const target: Pixels = { ...pixels, data: pixels.data.slice() };
  const mask = call.value('mask');
  const weights = mask instanceof PilImage ? maskOf(ctx, mask.pixels) : undefined;
  const source =
    given instanceof PilImage
      ? convert(given.pixels, pixels.mode as PilMode)
      : coloured(pixels.mode, right - left, bottom - top, colourOf(ctx, given, pixels.mode));
  if (weights && (weights.width !== source.width || weights.height !== source.height)) {
    throw ctx.raise('ValueError', 'images do not match');
  }
  if (
    given instanceof PilImage &&
    box?.length === 4 &&
    (right - left !== source.width || bottom - top !== source.height)
  ) {
    throw ctx.raise('ValueError', 'images do not match');
  }
  pasteInto(target, source, left, top, weights);
  call.image.pixels = target;
  return null;
});
method('putalpha', 'alpha', (call) => {
  const { ctx, pixels } = call;
  const mode = pixels.mode === 'L' || pixels.mode === 'LA' ? 'LA' : 'RGBA';
  const made = convert(pixels, mode);
  const data = made.data.slice();
  const step = channelsOf(mode);
  const given = call.value('alpha')!;
  const alpha = given instanceof PilImage ? convert(given.pixels, 'L').data : undefined;
  const constant = alpha ? 0 : numberOf(ctx, given);
  for (let at = step - 1, i = 0; at < data.length; at += step, i++)
    data[at] = alpha ? alpha[i]! : constant;
  call.image.pixels = { ...made, data };
  return null;
});
// fastai's own.
method('reshape', 'h, w, resample=', (call) =>
  call.made(
    resize(
      call.pixels,
      [call.int('w', 0), call.int('h', 0)],
      resampleOf(call.ctx, call.value('resample'), 'nearest'),
    ),
  ),
);

function coloured(mode: PilMode, width: number, height: number, colour: readonly number[]): Pixels {
  const bands = channelsOf(mode);
  const data = new Uint8Array(width * height * bands);
  for (let i = 0; i < data.length; i++) data[i] = colour[i % bands]!;
  return { mode, width, height, data };
}

function maskOf(ctx: Context, mask: Pixels): Pixels {
  if (mask.mode === '1' || mask.mode === 'L') return mask;
  if (mask.mode === 'RGBA' || mask.mode === 'LA') return band(mask, channelsOf(mask.mode) - 1);
  throw ctx.raise('ValueError', 'bad transparency mask');
}

/** Python's round: halves to even. */
export function roundHalfEven(x: number): number {
  const below = Math.floor(x);
  const part = x - below;
  return part < 0.5 || (part === 0.5 && below % 2 === 0) ? below : below + 1;
}

/** PIL's way to keep the aspect ratio: the nearer of the sizes above and below. */
function thumbnailSize(
  { width, height }: { readonly width: number; readonly height: number },
  [wide, tall]: readonly [number, number],
): readonly [number, number] {
  if (wide >= width && tall >= height) return [width, height];
  const aspect = width / height;
  const nearest = (value: number, key: (n: number) => number): number => {
    const [low, high] = [Math.floor(value), Math.ceil(value)];
    return Math.max(key(low) <= key(high) ? low : high, 1);
  };
  if (wide / tall >= aspect) {
    return [nearest(tall * aspect, (n) => Math.abs(aspect - n / tall)), tall];
  }
  return [wide, nearest(wide / aspect, (n) => (n === 0 ? 0 : Math.abs(aspect - wide / n)))];
}
