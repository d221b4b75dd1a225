import {
  asItems,
  asNumber,
  PyDict,
  PyGlobal,
  PyObject,
  type PyValue,
} from '../../../torch/index.js';
import { KNOWN_CHANGES } from './albumentations-changes.js';

/** The effect of an augmentation, from its classes and their probabilities. */
export interface Contents {
  readonly library: Library;
  /** Names of random members. */
  readonly random: readonly string[];
  /** Names of members that always change an image, and how to compute them if supported. */
  readonly fixed: readonly Fixed[];
}

export interface Fixed {
  readonly name: string;
  readonly record: PyObject;
  /** Whether it gives bytes and is supported. */
  readonly isKnown: boolean;
}

const LIBRARIES = ['albumentations', 'imgaug', 'torchvision', 'kornia'] as const;

export type Library = (typeof LIBRARIES)[number];

/** Limits on how deep a file nests them, and on how many it contains. */
const DEEPEST = 16;
const MOST = 1000;

/** Compositions that run only some of their members. */
const DRAWING = /^(OneOf|OneOrOther|SomeOf|RandomOrder|RandomApply|RandomChoice|Sometimes)$/;
const COMPOSITION =
  /^(Compose|ReplayCompose|Sequential|Transforms|AugmentationSequential|ImageSequential|ModuleList|PatchSequential)$/;
const NOTHING = /^(NoOp|Noop|Identity)$/;

/**
 * Members that change every image alike when they always run, or that can be set to do so, by
 * library. All others are random.
 */
const FIXED: Readonly<Record<Library, RegExp>> = {
  albumentations:
    /^(Resize|\w+MaxSize|CenterCrop|Crop|CropNonEmptyMaskIfExists|Pad(IfNeeded)?|Normalize|(To|From)Float|To(Gray|RGB|Sepia)|\w+Flip|Transpose|InvertImg|Equalize|CLAHE|Sharpen|UnsharpMask|Emboss|\w*Blur|Posterize|Solarize|Downscale|(Image|Jpeg)Compression|Morphological|Lambda|ToTensor\w*)$/,
  imgaug:
    /^(Resize|Scale|Crop|Pad|CropAndPad|\w*(Crop|Pad)To\w+|KeepSizeByResize|\w*Grayscale|\w*Colorspace|\w*CLAHE|\w*Blur|Lambda)$/,
  torchvision:
    /^(Resize|CenterCrop|Grayscale|Pad|Normalize|To[A-Z]\w*|PILToTensor|Convert\w+|Lambda|FiveCrop|TenCrop|LinearTransformation|ScaleJitter|Sanitize\w+|GaussianBlur)$/,
  kornia:
    /^(Resize|CenterCrop|PadTo|Normalize|Denormalize|\w+MaxSize|ToTensor|Grayscale|RgbToGrayscale)$/,
};

/** The supported members of torchvision. */
const KNOWN_OF_TORCHVISION = /^(Resize|CenterCrop)$/;
/** They return floats, which cannot become an image. */
const FLOATS = /^(Normalize|ToFloat)$/;

/** The library of a record's class. */
function libraryOf(record: PyValue | undefined): Library | undefined {
  if (!(record instanceof PyObject) || !(record.cls instanceof PyGlobal)) return undefined;
  const root = record.cls.module.split('.')[0];
  const found = LIBRARIES.find((library) => library === root);
  if (found !== 'torchvision') return found;
  return record.cls.module.startsWith('torchvision.transforms') ? found : undefined;
}

/** The contents of an augmentation or of a list of them; undefined for anything else. */
export function contentsOf(value: PyValue | undefined): Contents | undefined {
  const library = [value, ...(asItems(value) ?? []).slice(0, MOST)]
    .map(libraryOf)
    .find((one) => one !== undefined);
  if (value === undefined || library === undefined) return undefined;
  const random: string[] = [];
  const fixed: Fixed[] = [];
  let left = MOST;
  const visit = (record: PyValue, depth: number, mayRun: boolean): void => {
    if (record === null) return;
    if (depth > DEEPEST || left-- <= 0) return void random.push('…');
    const items = record instanceof PyObject ? undefined : asItems(record);
    if (items) return items.forEach((item) => visit(item, depth + 1, mayRun));
    if (!(record instanceof PyObject)) return;
    const name = nameOf(record);
    const p = NOTHING.test(name) ? 0 : chanceOf(record);
    // A library's transform, or the user's own transform among them.
    const of = libraryOf(record);
    if (p <= 0) return;
    const runs = mayRun && p >= 1;
    const inner = of === undefined ? [] : membersOf(record);
    if (of !== undefined && (COMPOSITION.test(name) || DRAWING.test(name))) {
      const draws = DRAWING.test(name) || !runs;
      inner.forEach((member) => visit(member, depth + 1, !draws));
    } else if (runs && of !== undefined && FIXED[of].test(name)) {
      fixed.push({ name, record, isKnown: isComputed(of, name) });
    } else random.push(name);
  };
  visit(value, 0, true);
  return { library, random, fixed };
}

function isComputed(library: Library, name: string): boolean {
  if (library === 'torchvision') return KNOWN_OF_TORCHVISION.test(name);
  return library === 'albumentations' && KNOWN_CHANGES.has(name) && !FLOATS.test(name);
}

const nameOf = ({ cls }: PyObject): string => (cls instanceof PyGlobal ? cls.name : '');

/** Its probability: 1 by default. */
function chanceOf(record: PyObject): number {
  if (record.attr('always_apply') === true) return 1;
  return asNumber(record.attr('p')) ?? 1;
}

function membersOf(record: PyObject): readonly PyValue[] {
  const modules = record.attr('_modules');
  const held = ['transforms', 'children', 'then_list', 'else_list'].flatMap((name) => {
    const value = record.attr(name);
    return value === undefined ? [] : [value];
  });
  return [...held, ...record.items, ...(modules instanceof PyDict ? modules.values() : [])];
}
