import type { PyValue } from '../../../torch/python.js';
import { channelsOf, type Raster, type RasterMode } from '../image/raster.js';
import { readBatchTransforms, type BatchTransform } from './batch-transforms.js';
import { readItemTransforms, type ItemTransform } from './item-transforms.js';
import { toPlanes, type Planes } from './planes.js';

/** Sizes that every image has when the model gets it; unknown where they depend on the image. */
export interface ModelInput {
  readonly channels: number;
  readonly height: number | undefined;
  readonly width: number | undefined;
}

/** Everything that fastai does to a decoded image before the model sees it. */
export class ImagePipeline {
  readonly #item: readonly ItemTransform[];
  readonly #batch: readonly BatchTransform[];

  /** @throws UnsupportedLearnerError for a transform of the user's own. */
  constructor(
    readonly mode: RasterMode,
    afterItem: readonly PyValue[],
    afterBatch: readonly PyValue[],
  ) {
    this.#item = readItemTransforms(afterItem);
    this.#batch = readBatchTransforms(afterBatch);
  }

  get modelInput(): ModelInput {
    let size = this.#item.findLast((transform) => transform.size)?.size;
    // A transform behind the last fixed size may leave another.
    if (size && this.#item.at(-1)?.size === undefined) size = undefined;
    const sampled = this.#batch.findLast((transform) => transform.kind === 'image');
    const [height, width] = sampled?.size ?? [size?.[1], size?.[0]];
    const values = this.#batch.filter((step) => step.kind === 'value');
    return { channels: widened(channelsOf(this.mode), values), height, width };
  }

  apply(image: Raster): Planes {
    const raster = this.#item.reduce((result, transform) => transform.apply(result), image);
    const groups = grouped(this.#batch);
    const [first, ...rest] = groups;
    const values = first?.kind === 'values' ? first.steps : [];
    // Bytes have 256 values, so what works on each value is a table.
    const channels = widened(channelsOf(raster.mode), values);
    const start = toPlanes(raster, (byte, channel) => run(values, byte, channel), channels);
    const remaining = first?.kind === 'values' ? rest : groups;
    return remaining.reduce<Planes>((planes, group) => {
      if (group.kind === 'image') return group.step.apply(planes);
      return mapValues(planes, group.steps);
    }, start);
  }
}

type ValueStep = Extract<BatchTransform, { kind: 'value' }>;
type ImageStep = Extract<BatchTransform, { kind: 'image' }>;
type Group =
  | { readonly kind: 'values'; readonly steps: ValueStep[] }
  | { readonly kind: 'image'; readonly step: ImageStep };

/** Runs of value transforms, and image transforms between them. */
function grouped(transforms: readonly BatchTransform[]): Group[] {
  const groups: Group[] = [];
  for (const transform of transforms) {
    const last = groups.at(-1);
    if (transform.kind === 'image') groups.push({ kind: 'image', step: transform });
    else if (last?.kind === 'values') last.steps.push(transform);
    else groups.push({ kind: 'values', steps: [transform] });
  }
  return groups;
}

function run(steps: readonly ValueStep[], x: number, channel: number): number {
  return steps.reduce((value, step) => step.value(value, channel), x);
}

/** numpy's broadcasting: statistics of three channels make three of one. */
function widened(channels: number, steps: readonly ValueStep[]): number {
  return Math.max(channels, ...steps.map((step) => step.channels ?? 1));
}

function mapValues(planes: Planes, steps: readonly ValueStep[]): Planes {
  const channels = widened(planes.channels, steps);
  const size = planes.width * planes.height;
  const out = new Float32Array(channels * size);
  for (let channel = 0; channel < channels; channel++) {
    const from = planes.channels === 1 ? 0 : channel * size;
    for (let i = 0; i < size; i++) {
      out[channel * size + i] = run(steps, planes.data[from + i]!, channel);
    }
  }
  return { ...planes, channels, data: out };
}
