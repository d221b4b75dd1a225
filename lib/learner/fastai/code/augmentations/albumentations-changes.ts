import { BORDERS, withBorder, type Border, type Margins } from '../opencv/border.js';
import { grey, threefold } from '../opencv/colour.js';
import { resize } from '../opencv/resize.js';
import { INTERPOLATIONS, type Interpolation } from '../opencv/taps.js';
import { chargeBytes } from '../numpy/array-value.js';
import { Nd } from '../numpy/nd-array.js';
import { roundHalfEven } from '../pil/methods.js';
import { itemsOf, LONGEST_SIDE, type Change, type Settings } from './arguments.js';

/** A transform of albumentations without randomness. */
export interface KnownChange {
  /** Its parameters, in the order of its class. */
  readonly parameters: string;
  /** Its default probability. */
  readonly p: number;
  readonly image: Change;
  /** Undefined if masks do not change. */
  readonly mask?: Change;
}

type Size = readonly [height: number, width: number];

const sizeOf = ({ shape }: Nd): Size => [shape[0] ?? 0, shape[1] ?? 0];

/**
 * Resizes like one of OpenCV's interpolations, with `AREA` for shrinking if the class requires it.
 */
function resizeTo(
  image: Nd,
  size: Size,
  settings: Settings,
  target: 'image' | 'mask',
  shrinks: boolean,
): Nd {
  if (!size.every((one) => one >= 1 && one <= LONGEST_SIDE)) {
    throw settings.unsupported(
      `to ${size[0]} x ${size[1]} pixels, but a side must have 1 to ${LONGEST_SIDE}`,
    );
  }
  const isSame = size.every((one, i) => one === image.shape[i]);
  if (isSame) return image;
  const area = settings.value('area_for_downscale');
  const byArea = shrinks && (area === 'image_mask' || (target === 'image' && area === 'image'));
  const given =
    target === 'image'
      ? settings.number('interpolation', 1)
      : settings.number('mask_interpolation', 0);
  const kind: Interpolation | undefined = byArea ? 'AREA' : INTERPOLATIONS[given];
  if (kind === undefined) throw settings.unread('interpolation');
  chargeBytes(settings.ctx, 16 * size[0] * size[1] * (image.shape[2] ?? 1));
  return resize(image, size, kind);
}

const toSize =
  (target: 'image' | 'mask'): Change =>
  (image, settings) => {
    const size: Size = [settings.whole('height'), settings.whole('width')];
    const shrinks = size.some((one, axis) => one < image.shape[axis]!);
    return resizeTo(image, size, settings, target, shrinks);
  };

/** `SmallestMaxSize` and `LongestMaxSize`. */
const toSide =
  (side: (...sizes: number[]) => number, target: 'image' | 'mask'): Change =>
  (image, settings) => {
    const own = sizeOf(image);
    const scale = scaleOf(settings, own, side);
    const size = own.map((one) => Math.max(1, roundHalfEven(one * scale)));
    return resizeTo(image, size as [number, number], settings, target, scale < 1);
  };

function scaleOf(settings: Settings, own: Size, side: (...sizes: number[]) => number): number {
  const sizes = settings.numbers('max_size');
  if (sizes) {
    if (sizes.length !== 1) throw settings.unsupported('draws one of several sizes at random');
    return sizes[0]! / side(...own);
  }
  const both = itemsOf(settings.value('max_size_hw'));
  const scales = own.flatMap((one, axis) => {
    const wanted = both?.[axis];
    return typeof wanted === 'bigint' ? [Number(wanted) / one] : [];
  });
  if (scales.length === 0) throw settings.unread('max_size');
  // The whole image within both sizes, or at least as large as both.
  return side(1, 2) === 1 ? Math.max(...scales) : Math.min(...scales);
}

const cut = (image: Nd, [top, left]: Size, [height, width]: Size): Nd => {
  const offset = image.offset + top * image.strides[0]! + left * image.strides[1]!;
  return image.view([height, width, ...image.shape.slice(2)], image.strides, offset);
};

const centre: Change = (image, settings) => {
  const own = sizeOf(image);
  const size: Size = [settings.whole('height'), settings.whole('width')];
  if (size.some((one, axis) => one > own[axis]!)) {
    if (settings.flag('pad_if_needed')) {
      throw settings.unsupported('of an image that needs padding is not supported');
    }
    throw settings.ctx.raise(
      'ValueError',
      `Requested crop size (${size.join(', ')}) is larger than the image size (${own.join(', ')})`,
    );
  }
  const corner = own.map((one, axis) => Math.floor((one - size[axis]!) / 2));
  return cut(image, corner as [number, number], size);
};

const crop: Change = (image, settings) => {
  const [left, top] = [settings.whole('x_min', 0), settings.whole('y_min', 0)];
  const [right, bottom] = [settings.whole('x_max', 1024), settings.whole('y_max', 1024)];
  const [height, width] = sizeOf(image);
  if (left < 0 || top < 0 || left >= right || top >= bottom || right > width || bottom > height) {
    throw settings.unsupported(`of an image of ${width} x ${height} pixels is not supported`);
  }
  return cut(image, [top, left], [bottom - top, right - left]);
};

const pad =
  (target: 'image' | 'mask'): Change =>
  (image, settings) => {
    const [height, width] = sizeOf(image);
    const [top, bottom] = lack(settings, height, 'height');
    const [left, right] = lack(settings, width, 'width');
    // Versions differ in their default border.
    const kind: Border | undefined = BORDERS[settings.number('border_mode')];
    if (kind === undefined) throw settings.unread('border_mode');
    const channels = image.shape[2] ?? 1;
    const fill = fillOf(settings, target, kind === 'CONSTANT' ? channels : 1);
    const margins = placed({ top, bottom, left, right }, settings);
    const size = (height + top + bottom) * (width + left + right) * channels;
    chargeBytes(settings.ctx, 16 * size);
    return withBorder(image, margins, kind, fill);
  };

/** Newer versions have other names, and use one number for all channels, not only for the first. */
function fillOf(settings: Settings, target: 'image' | 'mask', channels: number): number[] {
  const [newer, older] = target === 'image' ? ['fill', 'value'] : ['fill_mask', 'mask_value'];
  const fill = settings.numbers(newer);
  if (fill) return fill;
  const value = settings.numbers(older) ?? [0];
  if (value.length === 1 && value[0] !== 0 && channels > 1) throw settings.unread(older);
  return value;
}

function lack(settings: Settings, own: number, side: 'height' | 'width'): [number, number] {
  const [least, divisor] = [`min_${side}`, `pad_${side}_divisor`].map((name) =>
    settings.value(name) === undefined ? undefined : settings.whole(name),
  );
  if (least === undefined && !divisor) throw settings.unread(`min_${side}`);
  const missing = least !== undefined ? least - own : (divisor! - (own % divisor!)) % divisor!;
  if (missing <= 0) return [0, 0];
  const before = Math.trunc(missing / 2);
  return [before, missing - before];
}

function placed({ top, bottom, left, right }: Margins, settings: Settings): Margins {
  const position = settings.text('position', 'center');
  if (position === 'center') return { top, bottom, left, right };
  const [vertical, horizontal] = position.split('_');
  const isKnown = /^(top|bottom)_(left|right)$/.test(position);
  if (!isKnown) throw settings.unsupported(`with the position "${position}" is not supported`);
  const [tall, wide] = [top + bottom, left + right];
  return {
    top: vertical === 'top' ? 0 : tall,
    bottom: vertical === 'top' ? tall : 0,
    left: horizontal === 'left' ? 0 : wide,
    right: horizontal === 'left' ? wide : 0,
  };
}

const f = Math.fround;

const normalize: Change = (image, settings) => {
  if (settings.text('normalization', 'standard') !== 'standard') {
    throw settings.unread('normalization');
  }
  const most = f(settings.number('max_pixel_value', 255));
  const means = settings.numbers('mean') ?? [0.485, 0.456, 0.406];
  const stds = settings.numbers('std') ?? [0.229, 0.224, 0.225];
  const channels = image.shape[2] ?? 1;
  if (![1, channels].includes(means.length) || ![1, channels].includes(stds.length)) {
    throw settings.unsupported(`of an image of ${channels} channels is not supported`);
  }
  const of = (values: number[], channel: number): number =>
    f(f(values[values.length === 1 ? 0 : channel]!) * most);
  return floats(image, (value, channel) =>
    f(f(value - of(means, channel)) * f(1 / of(stds, channel))),
  );
};

const toFloat: Change = (image, settings) => {
  const most = settings.optional('max_value') ?? (image.dtype === 'uint8' ? 255 : undefined);
  if (most === undefined) throw settings.unread('max_value');
  return floats(image, (value) => f(value / f(most)));
};

function floats(image: Nd, of: (value: number, channel: number) => number): Nd {
  const channels = image.shape[2] ?? 1;
  const out = Nd.of('float32', image.shape);
  image.flat().forEach((value: number, i: number) => (out.data[i] = of(value, i % channels)));
  return out;
}

const toGrey: Change = (image, settings) => {
  if ((image.shape[2] ?? 1) === 1) return image;
  if (settings.text('method', 'weighted_average') !== 'weighted_average') {
    throw settings.unread('method');
  }
  if (settings.number('num_output_channels', 3) !== 3) throw settings.unread('num_output_channels');
  return threefold(grey(image));
};

const flip =
  (axis: 0 | 1): Change =>
  (image) => {
    const strides = image.strides.map((stride, i) => (i === axis ? -stride : stride));
    const offset = image.offset + (image.shape[axis]! - 1) * image.strides[axis]!;
    return image.view(image.shape, strides, offset).copy();
  };

const swap: Change = (image) =>
  image.transpose([1, 0, ...image.shape.slice(2).map((_, i) => i + 2)]).copy();

const invert: Change = (image, settings) => {
  if (image.dtype !== 'uint8') throw settings.unsupported('of floats is not supported');
  const out = Nd.of('uint8', image.shape);
  image.flat().forEach((value: number, i: number) => (out.data[i] = 255 - value));
  return out;
};

const both = (change: Change): Pick<KnownChange, 'image' | 'mask'> => ({
  image: change,
  mask: change,
});

/** By class name; versions differ in the module. */
export const KNOWN_CHANGES: ReadonlyMap<string, KnownChange> = new Map<string, KnownChange>([
  ['NoOp', { parameters: '', p: 0.5, image: (image) => image }],
  [
    'Resize',
    {
      parameters: 'height, width, interpolation',
      p: 1,
      image: toSize('image'),
      mask: toSize('mask'),
    },
  ],
  [
    'SmallestMaxSize',
    {
      parameters: 'max_size',
      p: 1,
      image: toSide(Math.min, 'image'),
      mask: toSide(Math.min, 'mask'),
    },
  ],
  [
    'LongestMaxSize',
    {
      parameters: 'max_size',
      p: 1,
      image: toSide(Math.max, 'image'),
      mask: toSide(Math.max, 'mask'),
    },
  ],
  ['CenterCrop', { parameters: 'height, width', p: 1, ...both(centre) }],
  ['Crop', { parameters: 'x_min, y_min, x_max, y_max', p: 1, ...both(crop) }],
  [
    'PadIfNeeded',
    { parameters: 'min_height, min_width', p: 1, image: pad('image'), mask: pad('mask') },
  ],
  ['Normalize', { parameters: 'mean, std, max_pixel_value', p: 1, image: normalize }],
  ['ToFloat', { parameters: 'max_value', p: 1, image: toFloat }],
  ['ToGray', { parameters: '', p: 0.5, image: toGrey }],
  ['HorizontalFlip', { parameters: '', p: 0.5, ...both(flip(1)) }],
  ['VerticalFlip', { parameters: '', p: 0.5, ...both(flip(0)) }],
  ['Transpose', { parameters: '', p: 0.5, ...both(swap) }],
  ['InvertImg', { parameters: '', p: 0.5, image: invert }],
]);
