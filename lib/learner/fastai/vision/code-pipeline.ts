import { Tensor } from 'onnxruntime-common';
import type { Program } from '../../onnx/tracing/program.js';
import { TensorFunction } from '../../onnx/tracing/tensor-function.js';
import { CodeBudgetError, RaisedInCodeError, UnsupportedCodeError } from '../../python/errors.js';
import { PathValue } from '../../python/modules/paths.js';
import { ClassValue, List, Tuple, type Value } from '../../python/values.js';
import type { PyValue } from '../../torch/index.js';
import { augmenting } from '../code/augmentations/augmenting.js';
import { decide } from '../code/augmentations/decide.js';
import { holdTensors } from '../code/hold-tensors.js';
import { openMode, type ImageClasses } from '../code/pil/names.js';
import { ImageFiles, type ItemFile } from '../code/pil/image-files.js';
import { PilImage } from '../code/pil/image-value.js';
import { channelsOf, type Pixels } from '../code/pil/pixels.js';
import { isForTraining, throughTransform } from '../code/transforms/transform-classes.js';
import type { LearnerOptions } from '../contract.js';
import { entryStage, isOfFastai, transformName } from '../data/pipeline.js';
import { UnsupportedLearnerError } from '../errors.js';
import type { LearnerFile } from '../learner-file.js';
import { bytesOf, isRawImage, rasterOf } from './image-item.js';
import { readInput, unknownOpening, type ImageInput } from './image-input.js';
import { RasterSource } from './image/pixel-source.js';
import type { Raster, RasterMode } from './image/raster.js';
import { toRaster } from './image/render.js';
import { View } from './image/view.js';
import { isOwnReader } from './own-code.js';
import { ownImageProgram } from './own-image-program.js';
import { readBatchTransform, type BatchTransform } from './transforms/batch-transforms.js';
import { readItemTransform, type ItemTransform } from './transforms/item-transforms.js';
import { doesNothing, transformTitle, unknownTransform } from './transforms/neutral.js';
import type { ModelInput, TransformedImage } from './transforms/pipeline.js';
import { applyBatch } from './transforms/planes.js';

/** One step for an item. */
type ItemStage =
  | { readonly kind: 'known'; readonly transform: ItemTransform; readonly name: string }
  | { readonly kind: 'tensor' }
  | { readonly kind: 'code'; readonly transform: Value; readonly tensors: TensorFunction };

type BatchStage =
  | { readonly kind: 'known'; readonly transform: BatchTransform; readonly name: string }
  | { readonly kind: 'code'; readonly tensors: TensorFunction };

/** Modes in which fastai's own transforms and the model's input are known. */
const OPENED: ReadonlySet<unknown> = new Set(['RGB', 'L', 'HSV']);

/** Exceptions that do not depend on the image. */
const WRITTEN_WRONG: ReadonlySet<string> = new Set(['NameError', 'ImportError', 'AttributeError']);

/** Sizes and contents of probe images that show the pipeline's results. */
export const PROBES = [
  { width: 97, height: 71, value: (x: number, y: number) => (x * 37 + y * 91) % 256 },
  { width: 64, height: 120, value: (x: number, y: number) => (x > 20 && y > 30 ? 200 : 10) },
  { width: 80, height: 80, value: () => 255 },
];

/**
 * All steps between an image and the model if the user's own code is part of them: step by step,
 * each on the whole image.
 */
export class CodePipeline {
  readonly #files: ImageFiles;
  readonly #input: ImageInput;
  readonly #program: Program;
  readonly #item: readonly ItemStage[];
  readonly #batch: readonly BatchStage[];
  readonly #readers: readonly { readonly record: PyValue; readonly transform: Value }[];
  readonly #opens: ClassValue;
  #modelInput: ModelInput | undefined;
  /** Keeps tensors that the code uses readable. */
  readonly held: readonly Uint8Array[];

  private constructor(
    file: LearnerFile,
    program: Program,
    files: ImageFiles,
    classes: ImageClasses,
    { trainingOnly, intraOpNumThreads = 1 }: LearnerOptions,
  ) {
    this.#program = program;
    this.#files = files;
    this.#input = readInput(file);
    this.#opens = openedClass(program, this.#input, classes);
    const { before, behind } = this.#input;
    const { afterItem, afterBatch } = file.dls;
    this.held = holdTensors([...before, ...behind, ...afterItem, ...afterBatch]);
    this.#readers = before.map((record) => ({ record, transform: program.value(record) }));
    const code = (record: PyValue, isOfBatches: boolean) => {
      const named = program.value(record);
      const isKnown = !isUnknown(program, named);
      const verdict = isKnown ? undefined : decide(record, file);
      if (verdict?.kind === 'nothing') return undefined;
      if (verdict && (verdict.kind === 'unsure' || isOfBatches)) {
        throw unknownTransform(record, verdict.holds);
      }
      const transform = verdict ? augmenting(program, verdict, this.#opens) : named;
      if (isForTraining(program.evaluator, transform)) return undefined;
      const tensors = new TensorFunction(
        program,
        (ctx, [x]) => first(throughTransform(ctx, transform, new Tuple([x!]))),
        intraOpNumThreads,
      );
      return { kind: 'code', transform, tensors } as const;
    };
    this.#item = [...behind, ...afterItem].flatMap((record): ItemStage[] => {
      if (isOfFastai(record) && transformName(record) === 'ToTensor') return [{ kind: 'tensor' }];
      const transform = readItemTransform(record);
      if (transform) return [{ kind: 'known', transform, name: transformTitle(record) }];
      if (doesNothing(record, trainingOnly)) return [];
      return [code(record, false) ?? []].flat();
    });
    this.#batch = afterBatch.flatMap((record): BatchStage[] => {
      const known = readBatchTransform(record);
      if (known) {
        return known.map((transform) => ({
          kind: 'known',
          transform,
          name: transformTitle(record),
        }));
      }
      if (doesNothing(record, trainingOnly)) return [];
      return [code(record, true) ?? []].flat();
    });
  }

  /**
   * @throws UnsupportedLearnerError if only the name of a transform is known
   * @throws UnsupportedCodeError for unsupported code
   */
  static async open(file: LearnerFile, options: LearnerOptions): Promise<CodePipeline> {
    const files = new ImageFiles();
    const { program, classes } = await ownImageProgram(files, options, () =>
      readInput(file).mode === 'L' ? 'TensorImageBW' : 'TensorImage',
    );
    const pipeline = new CodePipeline(file, program, files, classes, options);
    pipeline.#modelInput = await pipeline.#probe();
    return pipeline;
  }

  /** The mode for opening images. */
  get mode(): RasterMode {
    return this.#input.mode ?? (openMode(this.#opens) === 'L' ? 'L' : 'RGB');
  }

  get modelInput(): ModelInput {
    return this.#modelInput!;
  }

  /** @throws RaisedInCodeError, and the errors of {@link open} */
  async apply(item: unknown): Promise<TransformedImage> {
    const tensor = await this.#batched(await this.#transformed(await this.#opened(item)));
    const [, channels = 1, height = 1, width = 1] = tensor.dims;
    const data = tensor.data as Float32Array;
    return { channels, height, width, write: (out) => out.set(data) };
  }

  /** The image after the item transforms. */
  async show(item: unknown): Promise<Raster> {
    const state = await this.#transformed(await this.#opened(item));
    return rasterOfTensor(state);
  }

  async release(): Promise<void> {
    const stages = [...this.#item, ...this.#batch];
    await Promise.all(stages.map((stage) => stage.kind === 'code' && stage.tensors.release()));
  }

  /** The item after its image is opened. */
  async #opened(item: unknown): Promise<PilImage> {
    const entry = this.#entry(item);
    if (entry === undefined) {
      const { mode, width, height, data } = await rasterOf(item, this.mode);
      return new PilImage({ mode, width, height, data }, this.#opens);
    }
    const path = pathOf(item);
    const bytes = await bytesOf(item);
    const file: ItemFile = { path, bytes };
    const { evaluator } = this.#program;
    const start: Value = path === undefined ? bytes : entry.isText ? path : new PathValue(path);
    const opened = await this.#files.run(file, () => {
      evaluator.renew();
      let value: Value = start;
      for (const { record, transform } of this.#readers.slice(entry.stage)) {
        if (doesNothing(record)) continue;
        const opens = record === this.#readers.at(-1)!.record && !isOwnReader(record);
        if (opens && value instanceof PilImage) value = value.as(this.#opens);
        else if (opens && this.#input.mode !== undefined) {
          const from = value instanceof PathValue ? value.path : value;
          if (typeof from !== 'string' && !(from instanceof Uint8Array)) {
            throw evaluator.unsupported(
              `An image opened from a value of class ${evaluator.typeOf(value).name}`,
            );
          }
          const pixels = this.#files.convert(evaluator, from, this.#input.mode);
          value = new PilImage(pixels, this.#opens);
        } else {
          if (isUnknown(this.#program, transform)) throw unknownTransform(record);
          value = throughTransform(evaluator, transform, value);
        }
      }
      // Decodes pixels that are not decoded yet.
      if (value instanceof PilImage) return { image: value, pixels: value.pixels };
      return { image: undefined, pixels: undefined };
    });
    if (opened.image) return opened.image;
    throw evaluator.unsupported('A get_x that does not return an image');
  }

  /**
   * The first reader that takes this item; undefined if no reader is the user's own. Without such a
   * reader, the item enters where the user's own class opens it.
   */
  #entry(item: unknown): { readonly stage: number; readonly isText: boolean } | undefined {
    const { types, mode } = this.#input;
    const isPath = (name: string): boolean => /^pathlib\b.*Path$/.test(name);
    const path = pathOf(item);
    if (isRawImage(item)) return undefined;
    const matches = (name: string): boolean =>
      path === undefined ? name === 'bytes' : name === 'str' || isPath(name);
    const stage = entryStage([...types], matches) ?? this.#ownOpening();
    if (stage === undefined) return undefined;
    const readers = this.#readers.slice(stage);
    const isOwn = mode === undefined || readers.some(({ record }) => isOwnReader(record));
    const given = types[stage];
    const isText =
      entryStage([given ?? null], isPath) === undefined &&
      entryStage([given ?? null], (name) => name === 'str') !== undefined;
    return isOwn ? { stage, isText } : undefined;
  }

  /** The reader that makes an image of the user's own class. */
  #ownOpening(): number | undefined {
    const { mode, types, opensAs } = this.#input;
    if (mode !== undefined) return undefined;
    return Math.max(0, [...types, opensAs].indexOf(opensAs) - 1);
  }

  /**
   * The result of a transform for an image: another image, or a tensor, whose graph contains its
   * pixels.
   */
  async #ofImage(transform: Value, image: PilImage): Promise<PilImage | Tensor> {
    let made: Value = null;
    const once = new TensorFunction(this.#program, (ctx) => {
      made = first(throughTransform(ctx, transform, new Tuple([image])));
      return made instanceof PilImage ? new List() : made;
    });
    try {
      const [tensor] = await once.run([]);
      return tensor ?? (made as unknown as PilImage);
    } finally {
      await once.release();
    }
  }

  /** Item transforms: from an image to a tensor of [channels, height, width]. */
  async #transformed(image: PilImage): Promise<Tensor> {
    let state: PilImage | Tensor = image;
    for (const stage of this.#item) {
      if (stage.kind === 'tensor') {
        if (state instanceof PilImage) state = tensorOf(state.pixels);
      } else if (stage.kind === 'known') {
        // fastai's own transforms are for images; tensors pass unchanged.
        if (state instanceof PilImage) state = resized(state, stage);
      } else if (state instanceof PilImage) {
        state = await this.#ofImage(stage.transform, state);
      } else {
        [state] = (await stage.tensors.run([state])) as [Tensor];
      }
    }
    return state instanceof PilImage ? tensorOf(state.pixels) : state;
  }

  async #batched(item: Tensor): Promise<Tensor> {
    let state = new Tensor(item.type, item.data as Uint8Array, [1, ...item.dims]);
    for (const stage of this.#batch) {
      if (stage.kind === 'code') [state] = (await stage.tensors.run([state])) as [Tensor];
      else {
        checkRank(state, stage.name);
        state = applyBatch(state, stage.transform, stage.name);
      }
    }
    checkRank(state, 'the model');
    if (state.type === 'float32') return state;
    return new Tensor('float32', Float32Array.from(state.data as Uint8Array), state.dims);
  }

  /** The model's input; sizes are those that all images share. */
  async #probe(): Promise<ModelInput> {
    const mode = this.mode;
    const seen: (readonly number[])[] = [];
    for (const probe of PROBES) {
      try {
        const image = new PilImage(probeImage(mode, probe), this.#opens);
        const { dims } = await this.#batched(await this.#transformed(image));
        seen.push(dims);
      } catch (error) {
        // Unsupported operations show now; problems with an image show with real ones.
        if (error instanceof UnsupportedCodeError || error instanceof CodeBudgetError) throw error;
        if (error instanceof UnsupportedLearnerError) throw error;
        if (error instanceof RaisedInCodeError && WRITTEN_WRONG.has(error.exception)) throw error;
      }
    }
    const same = (axis: number): number | undefined =>
      seen.length > 0 && seen.every((dims) => dims[axis] === seen[0]![axis])
        ? seen[0]![axis]
        : undefined;
    const isKnown = seen.length === PROBES.length;
    return {
      channels: same(1) ?? channelsOf(mode),
      height: isKnown ? same(2) : undefined,
      width: isKnown ? same(3) : undefined,
    };
  }
}

/** A probe image for the pipeline. */
export function probeImage(
  mode: RasterMode,
  { width, height, value }: (typeof PROBES)[number],
): Pixels {
  const channels = channelsOf(mode);
  const data = new Uint8Array(width * height * channels);
  for (let i = 0; i < data.length; i++) {
    const at = Math.floor(i / channels);
    data[i] = value((at % width) + (i % channels), Math.floor(at / width));
  }
  return { mode, width, height, data };
}

/** @throws UnsupportedLearnerError if the class is not known, or opens images in an unknown mode */
function openedClass(program: Program, input: ImageInput, classes: ImageClasses): ClassValue {
  const value = program.value(input.opensAs ?? null);
  if (value instanceof ClassValue && value.isSubclassOf(classes.PILBase)) {
    const mode = openMode(value);
    if (input.mode !== undefined || OPENED.has(mode)) return value;
    throw new UnsupportedLearnerError(
      `The learner opens its images in mode "${String(mode)}" (_open_args of ${value.name}), but only ${[...OPENED].join(', ')} are supported`,
      'open them as RGB and convert them in the model, or serve its model with a custom runner',
    );
  }
  if (input.mode !== undefined) return classes.PILImage;
  throw unknownOpening(input);
}

/** Whether only the name of a transform's class is known. */
export function isUnknown(program: Program, transform: Value): boolean {
  const { native } = program.evaluator.typeOf(transform);
  return (transform instanceof ClassValue ? transform.native : native)?.opaque === true;
}

/** The item of a one-tuple. */
export function first(value: Value): Value {
  return value instanceof Tuple && value.items.length === 1 ? value.items[0]! : value;
}

function pathOf(item: unknown): string | undefined {
  return typeof item === 'string' ? item : undefined;
}

/** A transform of fastai's on an image from code. */
export function resized(
  image: PilImage,
  { transform, name }: { readonly transform: ItemTransform; readonly name: string },
): PilImage {
  const { mode, width, height, data } = image.pixels;
  // The bands of HSV are resampled as those of RGB.
  const planes = mode === 'HSV' ? 'RGB' : mode;
  if (planes !== 'L' && planes !== 'RGB') {
    throw new UnsupportedLearnerError(
      `The learner's own code makes images of mode "${mode}", which "${name}" does not ` +
        'support here',
      "convert them to 'RGB' or 'L' in that code",
    );
  }
  const source = new RasterSource({ mode: planes, width, height, data: data as Uint8Array });
  const made = toRaster(transform.apply(View.of(source)));
  return new PilImage({ ...made, mode }, image.cls);
}

/** fastai's `image2tensor`. */
export function tensorOf({ mode, width, height, data }: Pixels): Tensor {
  const channels = channelsOf(mode);
  const out = data.slice();
  const size = width * height;
  for (let i = 0; i < data.length; i++) {
    out[(i % channels) * size + Math.floor(i / channels)] = data[i]!;
  }
  const dims = [channels, height, width];
  if (mode === '1')
    return new Tensor('bool', out.map((value) => Number(value !== 0)) as Uint8Array, dims);
  if (mode === 'I') return new Tensor('int32', out as Int32Array, dims);
  if (mode === 'F') return new Tensor('float32', out as Float32Array, dims);
  return new Tensor('uint8', out as Uint8Array, dims);
}

/** Byte planes as pixels. */
export function rasterOfTensor({ dims, data }: Tensor): Raster {
  const [channels = 1, height = 1, width = 1] = dims;
  const mode: RasterMode = channels === 3 ? 'RGB' : 'L';
  const shown = channels === 3 ? 3 : 1;
  const out = new Uint8ClampedArray(width * height * shown);
  const size = width * height;
  for (let i = 0; i < out.length; i++) {
    out[i] = Number(data[(i % shown) * size + Math.floor(i / shown)]);
  }
  return { mode, width, height, data: new Uint8Array(out.buffer) };
}

function checkRank({ dims }: Tensor, name: string): void {
  if (dims.length === 4) return;
  throw new UnsupportedLearnerError(
    `The learner's own code gives "${name}" a tensor of shape [${dims.join(', ')}], but it ` +
      'needs images',
    'keep the shape [batch, channels, height, width] in that code',
  );
}
