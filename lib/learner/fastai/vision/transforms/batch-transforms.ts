import { asBool, PyObject, Tensor, type PyValue } from '../../../torch/index.js';
import { isOfFastai, transformName } from '../../data/pipeline.js';
import { malformedTransform, numberOf, padModeOf, pairOf, toPair } from './attributes.js';
import { sampleTo, type SampleMode, type SampleOptions } from './grid-sample.js';
import { doesNothing, unknownTransform } from './neutral.js';
import type { Planes } from './planes.js';

/** A batch transform at validation: of each value separately, or of the whole image. */
export type BatchTransform =
  | {
      readonly kind: 'value';
      readonly channels?: number;
      value(x: number, channel: number): number;
      /** `decodes`: from a predicted value back to a pixel. */
      undo(x: number, channel: number): number;
      /** Whether `decodes` makes whole numbers. */
      readonly isWhole: boolean;
      /** The same as operators, each with a float32 operand for all channels or one per channel. */
      readonly steps: readonly { readonly op: 'Div' | 'Sub'; readonly by: Float32Array }[];
    }
  | {
      readonly kind: 'image';
      /** Height and width of the result. */
      readonly size: readonly [number, number];
      apply(image: Planes): Planes;
    };

type Reader = (record: PyObject) => BatchTransform | undefined;

const f = Math.fround;

/** Division in single precision, as in torch. */
const readIntToFloat: Reader = (record) => {
  const div = numberOf(record, 'div', 255);
  return {
    kind: 'value',
    value: (x) => f(x / f(div)),
    undo: (x) => Math.trunc(f(Math.min(1, Math.max(0, x)) * f(div))),
    isWhole: true,
    steps: [{ op: 'Div', by: Float32Array.of(div) }],
  };
};

const readNormalize: Reader = (record) => {
  const [mean, std] = [record.attr('mean'), record.attr('std')];
  if (!(mean instanceof Tensor) || !(std instanceof Tensor)) {
    throw malformedTransform(record, 'it has no mean and standard deviation');
  }
  const [means, stds] = [perChannel(record, mean), perChannel(record, std)];
  const channels = Math.max(means.length, stds.length);
  const of = (values: Float32Array, channel: number): number =>
    values.length === 1 ? values[0]! : values[channel]!;
  return {
    kind: 'value',
    channels,
    value: (x, channel) => f(f(x - of(means, channel)) / of(stds, channel)),
    undo: (x, channel) => f(f(x * of(stds, channel)) + of(means, channel)),
    isWhole: false,
    steps: [
      { op: 'Sub', by: means },
      { op: 'Div', by: stds },
    ],
  };
};

/** Statistics of shape [1, channels, 1, 1], or one number. */
function perChannel(record: PyObject, tensor: Tensor): Float32Array {
  const { shape } = tensor;
  const channelsAt = shape.length === 4 ? 1 : 0;
  const channels = shape[channelsAt] ?? 1;
  if (tensor.numel !== channels || (shape.length !== 4 && shape.length !== 3 && tensor.numel > 1)) {
    throw malformedTransform(record, `its statistics have the shape [${shape.join(', ')}]`);
  }
  return tensor.toFloat32();
}

/** Flip, Rotate, Zoom, Warp and compositions of them: at validation only a change of size. */
const readAffine: Reader = (record) => {
  const size = toPair(record.attr('size'));
  const options = sampling(record);
  // Without a size, sampling the identity hits the pixels themselves.
  if (!size) return undefined;
  return { kind: 'image', size, apply: (image) => sampleTo(image, size[1], size[0], options) };
};

const modes: readonly string[] = ['bilinear', 'nearest', 'bicubic'];

export function sampling(record: PyObject, alignedByDefault = false): SampleOptions {
  const mode = record.attr('mode') ?? 'bilinear';
  if (typeof mode !== 'string' || !modes.includes(mode)) {
    throw malformedTransform(record, 'its mode is unknown');
  }
  return {
    mode: mode as SampleMode,
    padding: padModeOf(record, 'reflection'),
    alignCorners: asBool(record.attr('align_corners')) ?? alignedByDefault,
  };
}

/** RandomResizedCropGPU crops validation images to its ratios, and takes the centre. */
const readRandomResizedCrop: Reader = (record) => {
  const size = pairOf(record, 'size');
  const ratio = pairOf(record, 'ratio', [3 / 4, 4 / 3]);
  const validScale = numberOf(record, 'valid_scale', 1);
  const { mode } = sampling(record);
  const options: SampleOptions = { mode, padding: 'reflection', alignCorners: true };
  return {
    kind: 'image',
    size,
    apply: (image) => {
      let [height, width] = [image.height, image.width];
      if (width / height < ratio[0]) height = Math.trunc(width / ratio[0]);
      else if (width / height > ratio[1]) width = Math.trunc(height * ratio[1]);
      height = Math.trunc(height * validScale);
      width = Math.trunc(width * validScale);
      const left = Math.floor((image.width - width) / 2);
      const top = Math.floor((image.height - height) / 2);
      return sampleTo(cut(image, left, top, width, height), size[1], size[0], options);
    },
  };
};

/** A part of an image. */
export function cut(
  image: Planes,
  left: number,
  top: number,
  width: number,
  height: number,
): Planes {
  const out = new Float32Array(image.channels * width * height);
  for (let channel = 0; channel < image.channels; channel++) {
    for (let y = 0; y < height; y++) {
      const from = (channel * image.height + top + y) * image.width + left;
      out.set(image.data.subarray(from, from + width), (channel * height + y) * width);
    }
  }
  return { channels: image.channels, width, height, data: out };
}

const readers: ReadonlyMap<string, Reader> = new Map([
  ['IntToFloatTensor', readIntToFloat],
  ['Normalize', readNormalize],
  ['RandomResizedCropGPU', readRandomResizedCrop],
  ['AffineCoordTfm', readAffine],
  ['Flip', readAffine],
  ['DeterministicFlip', readAffine],
  ['Dihedral', readAffine],
  ['DeterministicDihedral', readAffine],
  ['Rotate', readAffine],
  ['Zoom', readAffine],
  ['Warp', readAffine],
]);

/** A transform of `after_batch`; null if it changes nothing, undefined if it is not supported. */
export function readBatchTransform(record: PyValue): readonly BatchTransform[] | undefined {
  const read = isOfFastai(record) ? readers.get(transformName(record)) : undefined;
  if (!read || !(record instanceof PyObject)) return undefined;
  const transform = read(record);
  return transform ? [transform] : [];
}

/**
 * The transforms of `after_batch` that change images. @throws UnsupportedLearnerError for the
 * user's own.
 */
export function readBatchTransforms(
  records: readonly PyValue[],
  trainingOnly?: readonly string[],
): BatchTransform[] {
  return records.flatMap((record) => {
    const known = readBatchTransform(record);
    if (known || doesNothing(record, trainingOnly)) return known ?? [];
    throw unknownTransform(record);
  });
}
