import { asLibrary } from '../library-error.js';
import type { Context, Names } from '../../../python/context.js';
import { PathValue } from '../../../python/modules/paths.js';
import {
  Builtin,
  ClassValue,
  Dict,
  MethodWrapper,
  ModuleValue,
  type Value,
} from '../../../python/values.js';
import { RESAMPLES } from '../../vision/image/filters.js';
import type { ImageFiles } from './image-files.js';
import {
  created,
  enhanceFunctions,
  filterFunctions,
  imageFunctions,
  imageOf,
  opsFunctions,
} from './functions.js';
import { PilImage } from './image-value.js';
import { TRANSPOSES } from './geometry.js';
import { convert, isPilMode, type Pixels } from './pixels.js';

/** fastai's classes of images. */
export interface ImageClasses {
  readonly PILBase: ClassValue;
  readonly PILImage: ClassValue;
  readonly PILImageBW: ClassValue;
  readonly PILMask: ClassValue;
}

/** PIL's names and fastai's image classes, for code that runs on items. */
export function pilNames(files: ImageFiles): {
  readonly names: Names;
  readonly classes: ImageClasses;
} {
  const classes = imageClasses(files);
  const values = new Map<string, Value>([
    ['PIL.Image.Image', PilImage.type],
    ...resamples('PIL.Image.'),
    ...resamples('PIL.Image.Resampling.'),
    ...TRANSPOSES.flatMap((name, code): [string, Value][] => [
      [`PIL.Image.${name}`, BigInt(code)],
      [`PIL.Image.Transpose.${name}`, BigInt(code)],
    ]),
    ['PIL.Image.Dither.NONE', 0n],
    ['PIL.Image.Dither.FLOYDSTEINBERG', 3n],
    [
      'PIL.Image.open',
      new Builtin(
        'open',
        (ctx, [source = null]) => new PilImage(files.open(ctx, sourceOf(source) ?? '')),
      ),
    ],
    ['fastai.vision.core.BILINEAR', 2n],
    ['fastai.vision.core.NEAREST', 0n],
    [
      'fastai.vision.core.load_image',
      new Builtin('load_image', (ctx, [source = null, mode = null], kwargs) => {
        const from = sourceOf(source) ?? '';
        const wanted = kwargs?.get('mode') ?? mode;
        if (wanted === null) return new PilImage(files.open(ctx, from));
        return new PilImage(inMode(ctx, files, from, wanted));
      }),
    ],
    // Bytes are read as a file is.
    ['io.BytesIO', new Builtin('BytesIO', (_, [bytes = null]) => bytes)],
    ['fastcore.basics.merge', new Builtin('merge', (_, dicts) => merged(dicts))],
    ...Object.entries(classes).map(
      ([name, cls]) => [`fastai.vision.core.${name}`, cls as Value] as const,
    ),
    ...['pathlib', 'pathlib._local'].flatMap((module) =>
      ['Path', 'PosixPath', 'PurePath', 'PurePosixPath', 'WindowsPath'].map(
        (name) => [`${module}.${name}`, PathValue.type as Value] as const,
      ),
    ),
    ...named('PIL.Image', imageFunctions),
    ...named('PIL.ImageOps', opsFunctions),
    ...named('PIL.ImageEnhance', enhanceFunctions),
    ...named('PIL.ImageFilter', filterFunctions),
  ]);
  return {
    classes,
    names: {
      resolve: (name) =>
        values.get(name) ??
        (name.startsWith('PIL.') && MODULES.has(name) ? new ModuleValue(name) : undefined),
      isModule: (path) => MODULES.has(path),
    },
  };
}

const MODULES = new Set([
  'fastai',
  'fastai.vision',
  'fastai.vision.core',
  'pathlib',
  'PIL',
  'PIL.Image',
  'PIL.Image.Resampling',
  'PIL.Image.Transpose',
  'PIL.Image.Dither',
  'PIL.ImageOps',
  'PIL.ImageEnhance',
  'PIL.ImageFilter',
]);

const named = (
  module: string,
  functions: readonly (readonly [string, Value])[],
): (readonly [string, Value])[] => functions.map(([name, value]) => [`${module}.${name}`, value]);

function resamples(prefix: string): [string, Value][] {
  return RESAMPLES.map((name, code) => [prefix + name.toUpperCase(), BigInt(code)]);
}

/** The name of a file: a path, or its bytes. */
function sourceOf(value: Value): string | Uint8Array | undefined {
  if (typeof value === 'string' || value instanceof Uint8Array) return value;
  return value instanceof PathValue ? value.path : undefined;
}

/** Each class casts an image; `create` takes a file, an array or an image. */
function imageClasses(files: ImageFiles): ImageClasses {
  const make = (name: string, base: ClassValue, mode?: 'RGB' | 'L'): ClassValue =>
    new ClassValue(
      name,
      `fastai.vision.core.${name}`,
      [base],
      mode
        ? [
            ['_open_args', openArgs(mode)],
            ['create', new MethodWrapper('class', create)],
          ]
        : [],
      { construct: (ctx, cls, [image]) => imageOf(ctx, image).as(cls) },
    );
  const create = new Builtin(
    'create',
    (ctx, [cls, source = null]) => {
      const own = cls as ClassValue;
      const made = created(ctx, source, own);
      if (made) return made;
      const from = sourceOf(source);
      if (from === undefined) {
        throw ctx.unsupported(
          `${own.name}.create() of a value of class ${ctx.typeOf(source).name} is not supported`,
        );
      }
      return new PilImage(inMode(ctx, files, from, openMode(own)), own);
    },
    true,
  );
  const PILBase = make('PILBase', PilImage.type, 'RGB');
  const PILImage = make('PILImage', PILBase, 'RGB');
  return {
    PILBase,
    PILImage,
    PILImageBW: make('PILImageBW', PILImage, 'L'),
    PILMask: make('PILMask', PILBase, 'L'),
  };
}

/** The mode in which a class opens its images: `mode` of its `_open_args`. */
export function openMode(cls: ClassValue): Value {
  const args = cls.lookup('_open_args');
  return args instanceof Dict ? (args.entries.get('mode')?.[1] ?? null) : null;
}

/** `Image.open(source).convert(mode)`. */
function inMode(ctx: Context, files: ImageFiles, source: string | Uint8Array, mode: Value): Pixels {
  if (mode === 'L' || mode === 'RGB') return files.convert(ctx, source, mode);
  if (typeof mode !== 'string' || !isPilMode(mode)) {
    throw ctx.unsupported(`Opening images in mode ${ctx.repr(mode)} is not supported`);
  }
  return asLibrary(ctx, () => convert(files.open(ctx, source).now(), mode));
}

/** fastcore's `merge`: later dictionaries win, and `None` counts as an empty one. */
function merged(dicts: readonly Value[]): Dict {
  const out = new Dict();
  for (const dict of dicts) {
    if (dict instanceof Dict) for (const [key, entry] of dict.entries) out.entries.set(key, entry);
  }
  return out;
}

function openArgs(mode: string): Dict {
  const args = new Dict();
  args.entries.set('mode', ['mode', mode]);
  return args;
}
