import { asLibrary } from '../library-error.js';
import type { Names } from '../../../python/context.js';
import { TYPES } from '../../../python/types.js';
import {
  Builtin,
  ClassValue,
  Instance,
  NO_KWARGS,
  type Native,
  type Value,
} from '../../../python/values.js';
import { RESAMPLES, type Resample } from '../../vision/image/filters.js';
import { chargeBytes } from '../numpy/array-value.js';
import { crop, resize } from '../pil/geometry.js';
import { newImage, PilImage } from '../pil/image-value.js';
import { channelsOf, convert, merge, type Pixels } from '../pil/pixels.js';
import { roundHalfEven } from '../pil/methods.js';
import { itemsOf, LONGEST_SIDE, Settings } from './arguments.js';

interface KnownTransform {
  /** Its parameters, in the order of its class. */
  readonly parameters: readonly string[];
  /** Its effect on a PIL image. */
  readonly image?: (pixels: Pixels, settings: Settings) => Pixels;
  /** The torchvision function with the same effect on a tensor, and its arguments. */
  readonly tensor?: readonly [name: string, ...attributes: string[]];
}

/** A number for the shorter side, or height and width. */
function resized(pixels: Pixels, settings: Settings): Pixels {
  const sizes = sidesOf(settings);
  if (sizes.length < 1 || sizes.length > 2) throw settings.unread('size');
  const { width, height } = pixels;
  const way = resampleOf(settings);
  if (sizes.length === 2) return resizedTo(pixels, [sizes[1]!, sizes[0]!], way, settings);
  const [short, long] = width <= height ? [width, height] : [height, width];
  let [less, more] = [sizes[0]!, Math.trunc((sizes[0]! * long) / short)];
  const most = settings.value('max_size') === undefined ? undefined : settings.whole('max_size');
  if (most !== undefined && more > most) [less, more] = [Math.trunc((most * less) / more), most];
  if (more > LONGEST_SIDE) throw settings.unread('size');
  return resizedTo(pixels, width <= height ? [less, more] : [more, less], way, settings);
}

function resizedTo(
  pixels: Pixels,
  size: readonly [width: number, height: number],
  way: Resample,
  { ctx }: Settings,
): Pixels {
  chargeBytes(ctx, 8 * size[0] * size[1] * channelsOf(pixels.mode));
  return resize(pixels, size, way);
}

function sidesOf(settings: Settings): number[] {
  const sizes = settings.numbers('size') ?? [];
  const isKnown = sizes.every((side) => Number.isInteger(side) && side <= LONGEST_SIDE);
  if (!isKnown) throw settings.unread('size');
  return sizes;
}

function resampleOf(settings: Settings): Resample {
  const given = settings.value('interpolation') ?? 'bilinear';
  const name = typeof given === 'bigint' ? RESAMPLES[Number(given)] : given;
  const found = RESAMPLES.find((one) => one === name);
  if (!found) throw settings.unread('interpolation');
  return found;
}

function centred(pixels: Pixels, settings: Settings): Pixels {
  const sizes = sidesOf(settings);
  const [height = 0, width = height] = sizes;
  // Versions of torchvision place a smaller image differently.
  if (height < 1 || width < 1 || height > pixels.height || width > pixels.width) {
    throw settings.unsupported(
      `of an image of ${pixels.width} x ${pixels.height} pixels is not supported`,
    );
  }
  const top = roundHalfEven((pixels.height - height) / 2);
  const left = roundHalfEven((pixels.width - width) / 2);
  return crop(pixels, [left, top, left + width, top + height]);
}

function greyed(pixels: Pixels, settings: Settings): Pixels {
  const one = convert(pixels, 'L');
  return settings.number('num_output_channels', 1) === 3 ? merge('RGB', [one, one, one]) : one;
}

const KNOWN: ReadonlyMap<string, KnownTransform> = new Map<string, KnownTransform>([
  ['Compose', { parameters: ['transforms'] }],
  ['Resize', { parameters: ['size', 'interpolation', 'max_size'], image: resized }],
  ['CenterCrop', { parameters: ['size'], image: centred, tensor: ['center_crop', 'size'] }],
  ['Grayscale', { parameters: ['num_output_channels'], image: greyed }],
  ['Normalize', { parameters: ['mean', 'std'], tensor: ['normalize', 'mean', 'std'] }],
]);

const FUNCTIONS = 'torchvision.transforms.functional.';

/** `transforms(image)`, for a PIL image or a tensor. */
const call: Native = (ctx, [self = null, item = null]) => {
  if (!(self instanceof Instance)) throw ctx.raise('TypeError', 'not a transform');
  const settings = new Settings(ctx, self);
  const { name } = self.cls;
  if (name === 'Compose') {
    const held = settings.value('transforms');
    const members = itemsOf(held);
    if (!members) throw settings.unread('transforms');
    return members.reduce<Value>((made, member) => ctx.call(member, [made]), item);
  }
  const known = KNOWN.get(name);
  if (known?.image && item instanceof PilImage) {
    return newImage(
      ctx,
      asLibrary(ctx, () => known.image!(item.pixels, settings)),
    );
  }
  const func = known?.tensor && ctx.resolve(FUNCTIONS + known.tensor[0]);
  if (known?.tensor && func !== undefined && !(item instanceof PilImage)) {
    const given = known.tensor.slice(1).map((attribute) => settings.value(attribute) ?? null);
    return ctx.call(func, [item, ...given], NO_KWARGS);
  }
  throw settings.unsupported(
    `of a ${ctx.typeOf(item).name} at inference is random or not supported`,
  );
};

/** `T.Resize(224)` in given source. */
const construct: Native = (ctx, [self = null, ...args], kwargs) => {
  const cls = ctx.typeOf(self);
  const names = KNOWN.get(cls.name)?.parameters ?? [];
  if (args.length > names.length && KNOWN.has(cls.name)) {
    throw ctx.unsupported(`${cls.qualifiedName} with that many positional arguments`);
  }
  args.forEach((value, i) => names[i] !== undefined && ctx.setAttr(self, names[i], value));
  for (const [name, value] of kwargs) ctx.setAttr(self, name, value);
  return null;
};

const CLASS = /^torchvision\.transforms(?:\.\w+)*\.([A-Z]\w*)$/;

/** torchvision's transform classes for PIL images. */
export function torchvisionNames(): Names {
  const made = new Map<string, ClassValue>();
  const classOf = (name: string): ClassValue => {
    let cls = made.get(name);
    if (!cls) {
      cls =
        name === 'InterpolationMode'
          ? interpolationMode()
          : new ClassValue(
              name,
              `torchvision.transforms.${name}`,
              [TYPES.object],
              [
                ['__init__', new Builtin('__init__', construct, true)],
                ['__call__', new Builtin('__call__', call, true)],
                ['forward', new Builtin('forward', call, true)],
              ],
            );
      made.set(name, cls);
    }
    return cls;
  };
  return {
    resolve: (name) => {
      const mode = /\.InterpolationMode\.([A-Z]+)$/.exec(name)?.[1];
      if (mode !== undefined && name.startsWith('torchvision.')) return mode.toLowerCase();
      const cls = CLASS.exec(name)?.[1];
      return cls === undefined ? undefined : classOf(cls);
    },
    isModule: (path) => /^torchvision(\.transforms(\.v2)?)?$/.test(path),
  };
}

/** Its members are names of PIL's filters. */
function interpolationMode(): ClassValue {
  const members = RESAMPLES.map((name): [string, Value] => [name.toUpperCase(), name]);
  return new ClassValue(
    'InterpolationMode',
    'torchvision.transforms.InterpolationMode',
    [TYPES.object],
    members,
    { construct: (_ctx, _cls, [value = null]) => value },
  );
}
