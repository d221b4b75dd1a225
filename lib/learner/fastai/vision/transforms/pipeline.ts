import type { PyValue } from '../../../torch/python.js';
import type { LearnerOptions } from '../../contract.js';
import { JpegSource } from '../image/jpeg-source.js';
import type { RenderJob } from '../image/render-job.js';
import type { PixelSource } from '../image/pixel-source.js';
import { channelsOf, type Raster, type RasterMode } from '../image/raster.js';
import { toPlanes, toRaster } from '../image/render.js';
import { View } from '../image/view.js';
import { readBatchTransforms, type BatchTransform } from './batch-transforms.js';
import type { Pair } from './crop-pad.js';
import { readItemTransforms, type ItemTransform } from './item-transforms.js';
import {
  mapValues,
  planesOf,
  rasterOf,
  runSteps,
  widened,
  type Planes,
  type ValueStep,
} from './planes.js';

/** The size of every image at the model; unknown if it depends on the image. */
export interface ModelInput {
  readonly channels: number;
  readonly height: number | undefined;
  readonly width: number | undefined;
}

/** An image for the model. Its pixels are computed when they are written. */
export interface TransformedImage {
  readonly channels: number;
  readonly height: number;
  readonly width: number;
  /** Writes float32 planes: `channels * height * width` values. @throws NotRenderedError */
  write(out: Float32Array): void;
  /** The same work for another thread, if it is large enough. */
  readonly job?: RenderJob;
}

/** All fastai steps between an image and the model. */
export class ImagePipeline {
  readonly #item: readonly ItemTransform[];
  readonly #groups: readonly Group[];
  /** Bytes have 256 values, so the first value transforms become a table for each channel. */
  readonly #tables: Float32Array;
  /** Height and width after the batch transforms. */
  readonly #isScaled: boolean;
  readonly #sampled: readonly [number, number] | undefined;

  /** @throws UnsupportedLearnerError for the user's own transform. */
  constructor(
    readonly mode: RasterMode,
    afterItem: readonly PyValue[],
    afterBatch: readonly PyValue[],
    { decode = 'exact', trainingOnly }: Pick<LearnerOptions, 'decode' | 'trainingOnly'> = {},
  ) {
    this.#item = readItemTransforms(afterItem, trainingOnly);
    const batch = readBatchTransforms(afterBatch, trainingOnly);
    const [first, ...rest] = grouped(batch);
    const leading = first?.kind === 'values' ? first.steps : [];
    this.#groups = first?.kind === 'image' ? [first, ...rest] : rest;
    this.#tables = tablesOf(leading, widened(channelsOf(mode), leading));
    this.#sampled = batch.findLast((transform) => transform.kind === 'image')?.size;
    // A size that depends on the image's size would depend on how the image was decoded.
    this.#isScaled = decode === 'scaled' && this.#fixed !== undefined;
  }

  get modelInput(): ModelInput {
    const [height, width] = this.#sampled ?? [this.#fixed?.[1], this.#fixed?.[0]];
    return { channels: this.#channels, height, width };
  }

  /** @throws NotRenderedError, EmptyImageError */
  apply(source: PixelSource): TransformedImage {
    const view = this.#view(source);
    const [height, width] = this.#sampled ?? [view.height, view.width];
    const job = this.#groups.length === 0 ? jobOf(view, this.#tables) : undefined;
    return { channels: this.#channels, height, width, job, write: (out) => this.#write(view, out) };
  }

  /**
   * The pixels of {@link apply}'s result, before value transforms. @throws NotRenderedError,
   * EmptyImageError
   */
  show(source: PixelSource): Raster {
    const view = this.#view(source);
    const raster = toRaster(view);
    const steps = this.#groups.flatMap((group) => (group.kind === 'image' ? [group.step] : []));
    if (steps.length === 0) return raster;
    const start = planesOf(raster);
    return rasterOf(
      raster.mode,
      steps.reduce<Planes>((planes, step) => step.apply(planes), start),
    );
  }

  #view(source: PixelSource): View {
    const start = View.of(source, this.mode);
    const view = this.#item.reduce((result, transform) => transform.apply(result), start);
    const isOwn = source instanceof JpegSource && view.source === source && source.scale === 1;
    if (!this.#isScaled || !isOwn || view.reduction === 1) return view;
    return this.#view(source.atScale(view.reduction));
  }

  /** Width and height after the item transforms, if the last one sets them. */
  get #fixed(): Pair | undefined {
    return this.#item.at(-1)?.size;
  }

  get #channels(): number {
    const values = this.#groups.flatMap((group) => (group.kind === 'values' ? group.steps : []));
    return widened(this.#tables.length / 256, values);
  }

  #write(view: View, out: Float32Array): void {
    if (this.#groups.length === 0) {
      toPlanes(view, this.#tables, out);
      return;
    }
    const { width, height } = view;
    const channels = this.#tables.length / 256;
    const start: Planes = {
      channels,
      width,
      height,
      data: new Float32Array(channels * width * height),
    };
    toPlanes(view, this.#tables, start.data);
    const end = this.#groups.reduce<Planes>((planes, group) => {
      if (group.kind === 'image') return group.step.apply(planes);
      return mapValues(planes, group.steps);
    }, start);
    out.set(end.data);
  }
}

function jobOf({ source, plan }: View, tables: Float32Array): RenderJob | undefined {
  if (!(source instanceof JpegSource)) return undefined;
  const { encoded, scale, mode } = source;
  return { encoded, scale, mode, plan, tables };
}

type ImageStep = Extract<BatchTransform, { kind: 'image' }>;
type Group =
  | { readonly kind: 'values'; readonly steps: ValueStep[] }
  | { readonly kind: 'image'; readonly step: ImageStep };

/** Runs of value transforms, separated by image transforms. */
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

function tablesOf(steps: readonly ValueStep[], channels: number): Float32Array {
  return Float32Array.from({ length: channels * 256 }, (_, i) => runSteps(steps, i % 256, i >> 8));
}
