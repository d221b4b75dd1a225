import type { Tensor } from 'onnxruntime-common';
import { formatOf } from '../../../learner/fastai/vision/image/format.js';
import { isTensor } from '../../../learner/runtime/is-tensor.js';
import { File } from '../file.js';
import { Image } from '../image.js';
import { IoDescriptor } from '../io-descriptor.js';
import { Json } from '../json.js';
import type { NdarrayView, NestedArray } from '../ndarray/write.js';
import { NumpyNdarray } from '../numpy-ndarray.js';
import { Text } from '../text.js';

/** Samples of the parts of a form, or descriptors instead of samples. @publicApi */
export type MultipartSamples = Readonly<Record<string, unknown>>;

/** The descriptors for samples. @publicApi */
export type PartsOfSamples<Samples extends MultipartSamples> = {
  readonly [Name in keyof Samples]: PartOfSample<Samples[Name]>;
};

type PartOfSample<Sample> =
  Sample extends IoDescriptor<unknown, never>
    ? Sample
    : Sample extends string
      ? Text
      : Sample extends Uint8Array
        ? IoDescriptor<Uint8Array, Uint8Array>
        : Sample extends Tensor | NdarrayView | NestedArray
          ? NumpyNdarray
          : Json;

export function partOfSample(sample: unknown): IoDescriptor<unknown, never> {
  if (sample instanceof IoDescriptor) return sample as IoDescriptor<unknown, never>;
  if (typeof sample === 'string') return Text.fromSample(sample);
  if (sample instanceof Uint8Array) {
    return formatOf(sample) ? Image.fromSample(sample) : File.fromSample(sample);
  }
  const numbers = isTensor(sample) || ArrayBuffer.isView(sample) || isNumbers(sample);
  return numbers ? NumpyNdarray.fromSample(sample as NestedArray) : Json.fromSample(sample);
}

function isNumbers(sample: unknown): boolean {
  if (!Array.isArray(sample) || sample.length === 0) return false;
  return sample.every((item) => typeof item === 'number' || isNumbers(item));
}
