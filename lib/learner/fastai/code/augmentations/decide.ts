import { asItems, asNumber, PyGlobal, PyObject, type PyValue } from '../../../torch/index.js';
import { hasMaskTarget } from '../../data/target-types.js';
import type { LearnerFile } from '../../learner-file.js';
import { readItemTransform } from '../../vision/transforms/item-transforms.js';
import { contentsOf, type Contents } from './members.js';

/** The effect at inference of a transform with a known class name but unknown code. */
export type Verdict =
  | { readonly kind: 'nothing' }
  /** Makes an image from the changed pixels. */
  | {
      readonly kind: 'augments';
      readonly with: PyObject;
      readonly library: Contents['library'];
      readonly holds: string | undefined;
    }
  | { readonly kind: 'unsure'; readonly holds: string | undefined };

const NOTHING: Verdict = { kind: 'nothing' };
const TRAINING = /^_*(train|trn)/;
const VALIDATION = /^_*(valid|val|test|eval|infer)/;

/** How many names a message lists at most. */
const MOST_NAMES = 8;

/** Classes in fastai's documentation, with their attributes there. */
const DOCUMENTED: ReadonlyMap<string, ReadonlySet<string>> = new Map([
  ['AlbumentationsTransform', new Set(['aug', 'train_aug', 'valid_aug'])],
  ['SegmentationAlbumentationsTransform', new Set(['aug'])],
]);

/**
 * Decides by the contents of a transform. Random contents are for training: otherwise fastai's own
 * predictions would differ from call to call. Contents that treat every image alike run at
 * inference under two conditions: fastai's documentation has the class, and the images would have
 * no fixed size without it. Any other class may do more than its contents show.
 */
export function decide(record: PyValue, { dls }: Pick<LearnerFile, 'dls'>): Verdict {
  if (!(record instanceof PyObject) || !(record.cls instanceof PyGlobal)) return unsure([]);
  const holders = holdersOf(record);
  const all = holders.map(({ contents }) => contents);
  const isRandom = all.length > 0 && all.every(({ fixed }) => fixed.length === 0);
  const documented = DOCUMENTED.get(record.cls.name);
  const isDocumented =
    documented !== undefined && holders.every(({ name }) => documented.has(name));
  if (isDocumented && record.cls.name.startsWith('Segmentation') && hasMaskTarget(dls)) {
    return NOTHING;
  }
  const only = holders.length === 1 ? holders[0] : validationOf(holders);
  const draws = all.some(({ random }) => random.length > 0);
  if (!only || (!isDocumented && !draws)) {
    return isRandom && draws && !isForInference(record) ? NOTHING : unsure(all);
  }
  const { value, contents, name } = only;
  const size = sizeBefore(record, dls.afterItem);
  const changing = contents.fixed.filter((one) => !keepsSize(one.record, one.name, size));
  if (contents.random.length > 0) {
    const isTraining = changing.length === 0 && holders.length === 1 && !isForInference(record);
    return isTraining ? NOTHING : unsure(all);
  }
  if (!isDocumented) return unsure(all);
  if (changing.length === 0) return NOTHING;
  const runs =
    isForInference(record) ||
    holders.length > 1 ||
    (!TRAINING.test(name) && !hasSize(dls.afterItem, record) && changing.some(setsSize));
  const isComputed = changing.every(({ isKnown }) => isKnown) && value instanceof PyObject;
  if (!runs || !isComputed || hasMaskTarget(dls)) return unsure(all);
  return { kind: 'augments', with: value, library: contents.library, holds: listed(all) };
}

interface Holder {
  readonly name: string;
  readonly value: PyValue;
  readonly contents: Contents;
}

function holdersOf(record: PyObject): Holder[] {
  return [...record.attrs].flatMap(([name, value]) => {
    // fastcore stores its arguments again under these names.
    const contents = name.startsWith('__') ? undefined : contentsOf(value);
    return contents ? [{ name, value, contents }] : [];
  });
}

/** The augmentation for validation, if all others are for training. */
function validationOf(holders: readonly Holder[]): Holder | undefined {
  const [own, ...more] = holders.filter(({ name }) => VALIDATION.test(name));
  const others = holders.filter((holder) => holder !== own);
  return more.length === 0 && others.every(({ name }) => TRAINING.test(name)) ? own : undefined;
}

/** `split_idx` of the object itself shows that it runs outside of training. */
function isForInference(record: PyObject): boolean {
  const split = record.attr('split_idx');
  return split === null || asNumber(split) === 1;
}

function setsSize({ name }: { readonly name: string }): boolean {
  return /Resize|Crop|MaxSize|PadIfNeeded/.test(name);
}

/** Whether another transform gives all images the same size. */
function hasSize(afterItem: readonly PyValue[], except: PyObject): boolean {
  return afterItem.some((one) => one !== except && readItemTransform(one)?.size !== undefined);
}

/** The width and height of images when they reach a transform. */
function sizeBefore(record: PyObject, afterItem: readonly PyValue[]) {
  const at = afterItem.indexOf(record);
  return afterItem
    .slice(0, Math.max(at, 0))
    .reduce<readonly [number, number] | undefined>((size, one) => {
      const known = readItemTransform(one);
      return known ? known.size : size;
    }, undefined);
}

/** `Resize` or `CenterCrop` to the existing size changes nothing. */
function keepsSize(
  record: PyObject,
  name: string,
  size: readonly [number, number] | undefined,
): boolean {
  if (!size || (name !== 'Resize' && name !== 'CenterCrop')) return false;
  const given = asItems(record.attr('size'))?.map(asNumber);
  const height = asNumber(record.attr('height')) ?? given?.[0];
  const width = asNumber(record.attr('width')) ?? given?.[1];
  return width === size[0] && height === size[1];
}

const unsure = (all: readonly Contents[]): Verdict => ({ kind: 'unsure', holds: listed(all) });

/** Returns text such as `Resize, HorizontalFlip of albumentations`. */
function listed(all: readonly Contents[]): string | undefined {
  const names = [
    ...new Set(all.flatMap(({ fixed, random }) => [...fixed.map(({ name }) => name), ...random])),
  ];
  const [first] = all;
  if (!first || names.length === 0) return undefined;
  const more = names.length > MOST_NAMES ? ', …' : '';
  return `${names.slice(0, MOST_NAMES).join(', ')}${more} of ${first.library}`;
}
