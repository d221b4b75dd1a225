import { PyObject, type PyValue } from '../../../torch/python.js';
import { transformName } from '../../data/pipeline.js';
import type { Resample } from '../image/filters.js';
import type { PadMode } from '../image/frame.js';
import type { View } from '../image/view.js';
import { numberOf, padModeOf, pairOf, resampleOf } from './attributes.js';
import { centred, cropPad, type Pair } from './crop-pad.js';
import { doesNothing, unknownTransform } from './neutral.js';

/** An item transform on validation data. */
export interface ItemTransform {
  /** The size of its result, if it is always the same. */
  readonly size?: Pair;
  apply(image: View): View;
}

type Reader = (record: PyObject) => ItemTransform;

/** Resize: by default the largest centred window of the wanted shape, then that size. */
const readResize: Reader = (record) => {
  const size = pairOf(record, 'size');
  const method = record.attr('method') ?? 'crop';
  const padMode = padModeOf(record, 'reflection');
  const resample = resampleOf(record, 'mode');
  const apply = (image: View): View =>
    method === 'squish'
      ? cropPad(image, [image.width, image.height], [0, 0], padMode, resample, size)
      : resizeWindow(image, size, method === 'pad', padMode, resample);
  return { size, apply };
};

/**
 * @param at The position of the window: the fractions of the rest that are left of it and above it.
 */
export function resizeWindow(
  image: View,
  size: Pair,
  pads: boolean,
  padMode: PadMode,
  resample: Resample,
  at: Pair = [0.5, 0.5],
): View {
  const [byWidth, byHeight] = [image.width / size[0], image.height / size[1]];
  const widthCounts = pads ? byWidth > byHeight : byWidth < byHeight;
  const scale = widthCounts ? byWidth : byHeight;
  const window: Pair = [Math.trunc(scale * size[0]), Math.trunc(scale * size[1])];
  const corner: Pair = [
    Math.trunc(at[0] * (image.width - window[0])),
    Math.trunc(at[1] * (image.height - window[1])),
  ];
  return cropPad(image, window, corner, padMode, resample, size);
}

/** RandomResizedCrop squeezes validation images to a larger size, and crops the centre. */
const readRandomResizedCrop: Reader = (record) => {
  const size = pairOf(record, 'size');
  const extra = Math.ceil((Math.max(...size) * numberOf(record, 'val_xtra', 0.14)) / 8) * 8;
  const larger: Pair = [size[0] + extra, size[1] + extra];
  const resample = resampleOf(record, 'mode');
  return {
    size,
    apply: (image) => {
      const whole: Pair = [image.width, image.height];
      const squeezed = cropPad(image, whole, [0, 0], 'zeros', resample, larger);
      return extra === 0
        ? squeezed
        : cropPad(squeezed, size, centred(squeezed, size), 'zeros', resample);
    },
  };
};

const readCropPad: Reader = (record) => {
  const size = pairOf(record, 'size');
  const padMode = padModeOf(record, 'zeros');
  return {
    size,
    apply: (image) => cropPad(image, size, centred(image, size), padMode, 'bilinear'),
  };
};

/**
 * RatioResize: the longer side becomes `max_sz`. fastai uses a Resize with a random window for the
 * last odd pixel; here the window is centred.
 */
const readRatioResize: Reader = (record) => {
  const longest = numberOf(record, 'max_sz');
  const resamples = record.attr('resamples');
  return {
    apply: (image) => {
      const { width, height } = image;
      const size: Pair =
        width >= height
          ? [Math.trunc(longest), Math.trunc((height * longest) / width)]
          : [Math.trunc((width * longest) / height), Math.trunc(longest)];
      const first = Array.isArray(resamples) ? (resamples[0] ?? null) : null;
      const filter = resampleOf(record, 'resamples', first);
      return resizeWindow(image, size, false, 'reflection', filter);
    },
  };
};

const readers: ReadonlyMap<string, Reader> = new Map([
  ['Resize', readResize],
  ['RandomResizedCrop', readRandomResizedCrop],
  ['CropPad', readCropPad],
  ['OldRandomCrop', readCropPad],
  ['RandomCrop', readCropPad],
  ['RatioResize', readRatioResize],
]);

/** A transform of `after_item` that changes images; undefined if it is not supported. */
export function readItemTransform(record: PyValue): ItemTransform | undefined {
  const read = readers.get(transformName(record));
  return read && record instanceof PyObject && isVision(record) ? read(record) : undefined;
}

/**
 * The transforms of `after_item` that change images. @throws UnsupportedLearnerError for the user's
 * own.
 */
export function readItemTransforms(
  records: readonly PyValue[],
  trainingOnly?: readonly string[],
): ItemTransform[] {
  return records.flatMap((record) => {
    const known = readItemTransform(record);
    if (known || doesNothing(record, trainingOnly)) return known ?? [];
    throw unknownTransform(record);
  });
}

/** A user's class may have the name of one of fastai's. */
function isVision(record: PyObject): boolean {
  return record.className.startsWith('fastai.vision.');
}
