import { asLibrary } from '../library-error.js';
import { bind, signature } from '../../../python/arguments.js';
import type { Context } from '../../../python/context.js';
import { HostObject } from '../../../python/host.js';
import { Builtin, ClassValue, List, Tuple, type Value } from '../../../python/values.js';
import { arrayOf } from '../numpy/array-value.js';
import type { Nd } from '../numpy/nd-array.js';
import { colourOf } from './colours.js';
import { autocontrast, blend, enhance, equalize, KERNELS, type Enhancement } from './filters.js';
import { crop, filled, pasteInto, resize, transpose, type Box, type Size } from './geometry.js';
import { ImageCall, modeOf, newImage, numberOf, PilImage } from './image-value.js';
import { FilterValue, resampleOf, roundHalfEven } from './methods.js';
import { channelsOf, convert, merge, throughTable, type Pixels, type PilMode } from './pixels.js';

/** A PIL function with an image as its first argument. */
const ofImage = (
  name: string,
  parameters: string,
  run: (call: ImageCall) => Value,
): readonly [string, Value] => [
  name,
  new Builtin(name, (ctx, args, kwargs) => {
    const { bound } = bind(ctx, name, signature(`image${parameters}`), args, kwargs);
    return asLibrary(ctx, () => run(new ImageCall(ctx, imageOf(ctx, bound['image']), bound)));
  }),
];

/** A function without an image argument. */
const free = (
  name: string,
  parameters: string,
  run: (ctx: Context, bound: Readonly<Record<string, Value | undefined>>) => Value,
): readonly [string, Value] => [
  name,
  new Builtin(name, (ctx, args, kwargs) => {
    const { bound } = bind(ctx, name, signature(parameters), args, kwargs);
    return asLibrary(ctx, () => run(ctx, bound));
  }),
];

export function imageOf(ctx: Context, value: Value | undefined): PilImage {
  if (value instanceof PilImage) return value;
  throw ctx.raise('TypeError', `expected an image, not ${ctx.typeOf(value ?? null).name}`);
}

/** `Image.fromarray(array, mode)`. */
function fromArray(ctx: Context, array: Nd, mode?: PilMode): Pixels {
  const { shape, dtype } = array;
  const [height = 0, width = 0, bands = 1] = shape;
  const key = `${shape.length === 3 ? bands : ''}${dtype}`;
  const modes: Readonly<Record<string, PilMode>> = {
    uint8: 'L',
    '2uint8': 'LA',
    '3uint8': 'RGB',
    '4uint8': 'RGBA',
    int32: 'I',
    float32: 'F',
    float64: 'F',
    bool: '1',
  };
  if (shape.length < 2 || shape.length > 3 || !Object.hasOwn(modes, key)) {
    const text = shape.length === 3 ? `(1, 1, ${bands})` : `(${shape.join(', ')})`;
    throw ctx.raise('TypeError', `Cannot handle this data type: ${text}, ${dtype}`);
  }
  const own = modes[key]!;
  const flat = array.flat();
  const as =
    mode && channelsOf(mode) === channelsOf(own) && own !== 'F' && own !== 'I' ? mode : own;
  if (mode && as !== mode)
    throw ctx.unsupported(`fromarray() of ${dtype} as mode ${mode} is not supported`);
  const data =
    own === 'F'
      ? Float32Array.from(flat)
      : own === 'I'
        ? Int32Array.from(flat)
        : own === '1'
          ? Uint8Array.from(flat, (value) => value * 255)
          : Uint8Array.from(flat);
  return { mode: as, width, height, data };
}

const sizeOf = (ctx: Context, value: Value | undefined): Size => {
  if (value instanceof Tuple || value instanceof List) {
    const [width, height] = value.items.map((item) => Math.trunc(numberOf(ctx, item)));
    if (width !== undefined && height !== undefined) return [width, height];
  }
  throw ctx.raise('TypeError', 'size must be a sequence of length 2');
};

/** Functions of the module PIL.Image. */
export const imageFunctions: readonly (readonly [string, Value])[] = [
  free('fromarray', 'obj, mode=', (ctx, { obj, mode }) =>
    newImage(
      ctx,
      fromArray(ctx, arrayOf(ctx, obj ?? null), mode == null ? undefined : modeOf(ctx, mode)),
    ),
  ),
  free('new', 'mode, size, color=', (ctx, { mode, size, color }) => {
    const name = modeOf(ctx, mode!);
    const [width, height] = sizeOf(ctx, size);
    if (width < 0 || height < 0) throw ctx.raise('ValueError', 'Width and height must be >= 0');
    ctx.budget.charge((width * height * channelsOf(name)) / 128);
    return newImage(ctx, filled(name, width, height, colourOf(ctx, color, name)));
  }),
  free('merge', 'mode, bands', (ctx, { mode, bands }) =>
    newImage(
      ctx,
      merge(
        modeOf(ctx, mode!),
        [...ctx.iterate(bands!)].map((item) => imageOf(ctx, item).pixels),
      ),
    ),
  ),
  free('blend', 'im1, im2, alpha', (ctx, { im1, im2, alpha }) => {
    const [first, second] = [imageOf(ctx, im1).pixels, imageOf(ctx, im2).pixels];
    sameSize(ctx, first, second);
    return newImage(ctx, blend(first, second, numberOf(ctx, alpha!)));
  }),
  free('composite', 'image1, image2, mask', (ctx, { image1, image2, mask }) => {
    const [first, second] = [imageOf(ctx, image1).pixels, imageOf(ctx, image2).pixels];
    const weights = imageOf(ctx, mask).pixels;
    sameSize(ctx, first, second);
    if (weights.mode !== 'L' && weights.mode !== '1')
      throw ctx.unsupported('composite() with this mask is not supported');
    const made: Pixels = { ...second, data: second.data.slice() };
    pasteInto(made, convert(first, second.mode), 0, 0, weights);
    return newImage(ctx, made);
  }),
  free('eval', 'image, func', (ctx, { image, func }) =>
    ctx.call(ctx.getAttr(imageOf(ctx, image), 'point'), [func!]),
  ),
];

function sameSize(ctx: Context, first: Pixels, second: Pixels): void {
  if (
    first.mode !== second.mode ||
    first.width !== second.width ||
    first.height !== second.height
  ) {
    throw ctx.raise('ValueError', 'images do not match');
  }
}

const table = (of: (value: number) => number, bands: number): number[] =>
  Array.from({ length: 256 * bands }, (_, i) => of(i % 256));

const mapped = (call: ImageCall, of: (value: number) => number): Value => {
  const { pixels, ctx } = call;
  if (pixels.mode !== 'L' && pixels.mode !== 'RGB') {
    throw ctx.raise('OSError', `not supported for mode ${pixels.mode}`);
  }
  return call.made(throughTable(pixels, table(of, channelsOf(pixels.mode))));
};

/** The largest (`contain`) or smallest (`cover`) size with the image's aspect ratio. */
function fitted({ width, height }: Pixels, [wide, tall]: Size, covers: boolean): Size {
  const [own, wanted] = [width / height, wide / tall];
  if (own === wanted) return [wide, tall];
  const byWidth = own > wanted !== covers;
  return byWidth
    ? [wide, roundHalfEven((height / width) * wide)]
    : [roundHalfEven((width / height) * tall), tall];
}

const wayOf = (call: ImageCall): ReturnType<typeof resampleOf> =>
  resampleOf(call.ctx, call.value('method'), 'bicubic');

/** Scales to fit within a size, or to cover it. */
const fit =
  (covers: boolean) =>
  (call: ImageCall): Value => {
    const size = fitted(call.pixels, sizeOf(call.ctx, call.value('size')), covers);
    return call.made(resize(call.pixels, size, wayOf(call)));
  };

function requireGreyOrColour({ ctx, pixels: { mode } }: ImageCall): void {
  if (mode !== 'L' && mode !== 'RGB') throw ctx.raise('OSError', `not supported for mode ${mode}`);
}

const two = (call: ImageCall, name: string, absent: number): readonly [number, number] => {
  const numbers = call.numbers(name);
  if (numbers) return [numbers[0] ?? absent, numbers[1] ?? absent];
  const one = call.number(name, absent);
  return [one, one];
};

/** Functions of the module PIL.ImageOps. */
export const opsFunctions: readonly (readonly [string, Value])[] = [
  ofImage('mirror', '', (call) => call.made(transpose(call.pixels, 'FLIP_LEFT_RIGHT'))),
  ofImage('flip', '', (call) => call.made(transpose(call.pixels, 'FLIP_TOP_BOTTOM'))),
  ofImage('grayscale', '', (call) => call.made(convert(call.pixels, 'L'))),
  ofImage('invert', '', (call) => {
    if (call.pixels.mode === '1')
      return call.made(
        throughTable(
          call.pixels,
          table((v) => 255 - v, 1),
        ),
      );
    return mapped(call, (value) => 255 - value);
  }),
  ofImage('solarize', ', threshold=', (call) => {
    const threshold = call.number('threshold', 128);
    return mapped(call, (value) => (value < threshold ? value : 255 - value));
  }),
  ofImage('posterize', ', bits', (call) => {
    const mask = ~(2 ** (8 - call.int('bits', 8)) - 1);
    return mapped(call, (value) => value & mask);
  }),
  ofImage('autocontrast', ', cutoff=, ignore=, mask=, preserve_tone=', (call) => {
    const { ctx, pixels } = call;
    if (call.has('ignore') || call.has('mask') || call.bool('preserve_tone')) {
      throw ctx.unsupported('autocontrast() with ignore, mask or preserve_tone is not supported');
    }
    requireGreyOrColour(call);
    return call.made(autocontrast(pixels, two(call, 'cutoff', 0)));
  }),
  ofImage('equalize', ', mask=', (call) => {
    const { ctx, pixels } = call;
    if (call.has('mask')) throw ctx.unsupported('equalize() with a mask is not supported');
    requireGreyOrColour(call);
    return call.made(equalize(pixels));
  }),
  ofImage('contain', ', size, method=', fit(false)),
  ofImage('cover', ', size, method=', fit(true)),
  ofImage('pad', ', size, method=, color=, centering=', (call) => {
    const { ctx, pixels } = call;
    const [width, height] = sizeOf(ctx, call.value('size'));
    const made = resize(pixels, fitted(pixels, [width, height], false), wayOf(call));
    if (made.width === width && made.height === height) return call.made(made);
    const out = filled(pixels.mode, width, height, colourOf(ctx, call.value('color'), pixels.mode));
    const [x, y] = two(call, 'centering', 0.5).map((part) => Math.max(0, Math.min(part, 1))) as [
      number,
      number,
    ];
    if (made.width !== width) pasteInto(out, made, roundHalfEven((width - made.width) * x), 0);
    else pasteInto(out, made, 0, roundHalfEven((height - made.height) * y));
    return call.made(out);
  }),
  ofImage('fit', ', size, method=, bleed=, centering=', (call) => {
    const { ctx, pixels } = call;
    const size = sizeOf(ctx, call.value('size'));
    if (call.number('bleed', 0) !== 0) throw ctx.unsupported('fit() with bleed is not supported');
    const [own, wanted] = [pixels.width / pixels.height, size[0] / size[1]];
    const [width, height] =
      own === wanted
        ? [pixels.width, pixels.height]
        : own >= wanted
          ? [wanted * pixels.height, pixels.height]
          : [pixels.width, pixels.width / wanted];
    const [x, y] = two(call, 'centering', 0.5);
    const [left, top] = [(pixels.width - width) * x, (pixels.height - height) * y];
    const box: Box = [left, top, left + width, top + height];
    return call.made(resize(pixels, size, wayOf(call), box));
  }),
  ofImage('crop', ', border=', (call) => {
    const { width, height } = call.pixels;
    const [left, top, right, bottom] = borders(call);
    return call.made(crop(call.pixels, [left, top, width - right, height - bottom]));
  }),
  ofImage('expand', ', border=, fill=', (call) => {
    const { ctx, pixels } = call;
    const [left, top, right, bottom] = borders(call);
    const colour = colourOf(ctx, call.value('fill'), pixels.mode);
    const out = filled(
      pixels.mode,
      pixels.width + left + right,
      pixels.height + top + bottom,
      colour,
    );
    pasteInto(out, pixels, left, top);
    return call.made(out);
  }),
];

function borders(call: ImageCall): [number, number, number, number] {
  const numbers = call.numbers('border');
  if (!numbers) {
    const one = call.int('border', 0);
    return [one, one, one, one];
  }
  const [left = 0, top = 0, right = left, bottom = top] = numbers;
  return [left, top, right, bottom];
}

class Enhancer extends HostObject {
  override readonly typeName: string;

  constructor(
    private readonly image: PilImage,
    private readonly kind: Enhancement,
  ) {
    super();
    this.typeName = kind;
  }

  override getAttr(name: string): Value | undefined {
    if (name === 'image') return this.image;
    if (name !== 'enhance') return undefined;
    return new Builtin('enhance', (ctx, [factor = 1]) =>
      asLibrary(ctx, () =>
        newImage(ctx, enhance(this.image.pixels, this.kind, numberOf(ctx, factor))),
      ),
    );
  }
}

/** Classes of the module PIL.ImageEnhance. */
export const enhanceFunctions: readonly (readonly [string, Value])[] = (
  ['Brightness', 'Contrast', 'Color', 'Sharpness'] as const
).map((kind) => ofImage(kind, '', (call) => new Enhancer(call.image, kind)));

const radiusOf = (
  ctx: Context,
  value: Value | undefined,
  absent: number,
): readonly [number, number] => {
  if (value instanceof Tuple || value instanceof List) return sizeOfFloats(ctx, value);
  const radius = value == null ? absent : numberOf(ctx, value);
  return [radius, radius];
};

function sizeOfFloats(ctx: Context, { items }: Tuple | List): readonly [number, number] {
  const [x = 0, y = 0] = items.map((item) => numberOf(ctx, item));
  return [x, y];
}

/** Filters of the module PIL.ImageFilter; code passes those without parameters as classes. */
export const filterFunctions: readonly (readonly [string, Value])[] = [
  ...[...KERNELS].map(([name, kernel]) => free(name, '', () => FilterValue.kernel(kernel))),
  free('GaussianBlur', 'radius=', (ctx, { radius }) =>
    FilterValue.gaussian(radiusOf(ctx, radius, 2)),
  ),
  free('BoxBlur', 'radius', (ctx, { radius }) => FilterValue.box(radiusOf(ctx, radius, 2))),
  free('UnsharpMask', 'radius=, percent=, threshold=', (ctx, { radius, percent, threshold }) =>
    FilterValue.unsharp(
      radiusOf(ctx, radius, 2)[0],
      percent == null ? 150 : numberOf(ctx, percent),
      threshold == null ? 3 : numberOf(ctx, threshold),
    ),
  ),
];

/** fastai's `PILImage.create` of a value in memory; undefined for a file. */
export function created(ctx: Context, value: Value, cls: ClassValue): PilImage | undefined {
  if (value instanceof PilImage) return value.as(cls);
  if (value instanceof HostObject && value.typeName === 'ndarray') {
    return newImage(ctx, fromArray(ctx, arrayOf(ctx, value)), cls);
  }
  return undefined;
}
