import { Tensor } from 'onnxruntime-common';
import { UnsupportedLearnerError } from '../../errors.js';
import { channelsOf, type Raster, type RasterMode } from '../image/raster.js';
import type { BatchTransform } from './batch-transforms.js';

/** An image in the model's form: float32, one plane per channel. */
export interface Planes {
  readonly channels: number;
  readonly width: number;
  readonly height: number;
  readonly data: Float32Array;
}

/** Converts the bytes of a raster to floats. */
export function planesOf({ mode, width, height, data }: Raster): Planes {
  const channels = channelsOf(mode);
  const size = width * height;
  const out = new Float32Array(data.length);
  for (let i = 0; i < out.length; i++)
    out[(i % channels) * size + Math.floor(i / channels)] = data[i]!;
  return { channels, width, height, data: out };
}

/** Converts back to the nearest bytes. */
export function rasterOf(mode: RasterMode, { channels, width, height, data }: Planes): Raster {
  const size = width * height;
  // Cubic sampling exceeds 0 and 255.
  const out = new Uint8ClampedArray(data.length);
  for (let i = 0; i < out.length; i++)
    out[i] = data[(i % channels) * size + Math.floor(i / channels)]!;
  return { mode, width, height, data: new Uint8Array(out.buffer) };
}

export type ValueStep = Extract<BatchTransform, { kind: 'value' }>;

/** The `decodes` of value transforms, in their order. */
export function undoing(steps: readonly ValueStep[]): ValueStep[] {
  return steps.toReversed().map((step) => ({ ...step, value: step.undo, undo: step.value }));
}

export function runSteps(steps: readonly ValueStep[], x: number, channel: number): number {
  return steps.reduce((value, step) => step.value(value, channel), x);
}

/** numpy's broadcasting: statistics of three channels turn one channel into three. */
export function widened(channels: number, steps: readonly ValueStep[]): number {
  return Math.max(channels, ...steps.map((step) => step.channels ?? 1));
}

export function mapValues(planes: Planes, steps: readonly ValueStep[]): Planes {
  const channels = widened(planes.channels, steps);
  const size = planes.width * planes.height;
  const out = new Float32Array(channels * size);
  for (let channel = 0; channel < channels; channel++) {
    const from = planes.channels === 1 ? 0 : channel * size;
    for (let i = 0; i < size; i++) {
      out[channel * size + i] = runSteps(steps, planes.data[from + i]!, channel);
    }
  }
  return { ...planes, channels, data: out };
}

/** A transform of fastai's on a batch of one, [1, channels, height, width], of any element type. */
export function applyBatch(tensor: Tensor, transform: BatchTransform, name: string): Tensor {
  const [, channels = 1, height = 1, width = 1] = tensor.dims;
  const data =
    tensor.data instanceof Float32Array
      ? tensor.data
      : Float32Array.from(tensor.data as ArrayLike<number | bigint>, Number);
  const own = transform.kind === 'value' ? (transform.channels ?? 1) : 1;
  if (own !== 1 && channels !== 1 && own !== channels) {
    throw new UnsupportedLearnerError(
      `The learner's own code makes images of ${channels} channels, but "${name}" has ` +
        `statistics of ${own}`,
      'export the learner again with statistics for that number of channels',
    );
  }
  const planes: Planes = { channels, height, width, data };
  const made =
    transform.kind === 'value' ? mapValues(planes, [transform]) : transform.apply(planes);
  return new Tensor('float32', made.data, [1, made.channels, made.height, made.width]);
}
