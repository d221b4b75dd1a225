import { Tensor } from 'onnxruntime-common';
import type { Answers, Inference, LearnerOptions } from '../contract.js';
import { concatRows, rowOf } from '../data/rows.js';
import type { Target } from '../data/target.js';
import { entering } from '../entry/rows.js';
import type { LearnerFile } from '../learner-file.js';
import type { ShownImage } from '../shown.js';
import { readImageInput } from './image-input.js';
import { checkItem, openImage } from './image-item.js';
import { NotRenderedError, renderedOr } from './image/pixel-source.js';
import { channelsOf, type Raster } from './image/raster.js';
import { ImageExplainer } from './image-explainer.js';
import { dimsOf, ImageModel, type ImageToCome } from './image-model.js';
import { hasNamesAlone, hasOwnCode, skippedReader } from './own-code.js';
import {
  imageTargetOf,
  readImageTarget,
  type DecodedImageTarget,
  type ImageTarget,
} from './image-target.js';
import type { ReadingTargets } from '../results/result-targets.js';
import { ImagePipeline, type ModelInput } from './transforms/pipeline.js';

/** An image in preparation: decoding is asynchronous, so it happens when the model runs. */
interface EncodedImage {
  readonly item: unknown;
  /** The model's input; known after the run. */
  size?: { readonly width: number; readonly height: number };
}

/** The steps for an image, decoded as late as possible or by the user's own code. */
interface Preparation {
  readonly modelInput: ModelInput;
  toCome(item: unknown): Promise<ImageToCome>;
  /** The pixels that the model receives, before normalization. */
  show(item: unknown): Promise<Raster>;
  release(): Promise<void>;
}

/**
 * Inference for `ImageBlock`. @throws UnsupportedLearnerError for foreign transforms or targets.
 */
export async function createVisionInference(
  file: LearnerFile,
  labels: Target,
  options: LearnerOptions,
): Promise<Inference<EncodedImage, DecodedImageTarget> & ReadingTargets> {
  const target = readImageTarget(file, labels);
  await leaveOutAugmentations(file, options);
  const images = hasOwnCode(file, options) ? await ofCode(file, options) : rendering(file, options);
  const pathReader = skippedReader(file);
  const answers = {
    ...answersOf(target, images.modelInput),
    ...(pathReader !== undefined && { pathReader }),
  };
  const model = await ImageModel.open(file, images.modelInput, options, answers);
  const fromRow = entering(file, options);
  const enter = async (given: unknown): Promise<unknown> => {
    const item = await fromRow(given);
    checkItem(item);
    return item;
  };
  const explainer = new ImageExplainer(file.source, dimsOf(images.modelInput), options);
  return {
    // The classes, including a mask's codes; none for numbers and points.
    vocab: target.vocab ?? [],
    encode: async (given) => ({ item: await enter(given) }),
    answers,
    form: model.form,
    targetOf: imageTargetOf,
    show: async (given) => shown(await images.show(await enter(given))),
    ...(target.kind === 'labels' && {
      explain: async (given, question) => {
        const item = await enter(given);
        const { input, output } = await model.forwardOne(await images.toCome(item));
        return explainer.explain(input, output, question);
      },
    }),
    forward: (batch) =>
      model.forward(batch.length, async (index) => {
        const encoded = batch[index]!;
        const image = await images.toCome(encoded.item);
        encoded.size = image;
        return image;
      }),
    inputs: async (batch) => {
      const given: Tensor[] = [];
      for (const { item } of batch) given.push(await inputOf(await images.toCome(item)));
      return stacked(given);
    },
    augmented: async (batch, seed) => {
      const { augmentsOf } = await import('./augment/augments-of.js');
      const pass = await augmentsOf(
        file.source,
        options,
        batch.map(({ item }) => item),
        seed,
      );
      return () => model.forward(batch.length, pass());
    },
    decode: (row, { size }) => target.decode(row, size ?? { width: 0, height: 0 }),
    release: async () => {
      await Promise.all([model.release(), explainer.release(), images.release()]);
    },
  };
}

/** Without source, the contents of transforms known only by name show which are for training. */
async function leaveOutAugmentations(file: LearnerFile, options: LearnerOptions): Promise<void> {
  if (options.code !== undefined || !hasNamesAlone(file, options)) return;
  const { leaveOutTraining } = await import('../code/augmentations/leave-out.js');
  leaveOutTraining(file, options);
}

/** For a pipeline of only fastai's transforms. */
function rendering(file: LearnerFile, options: LearnerOptions): Preparation {
  const { afterItem, afterBatch } = file.dls;
  const mode = readImageInput(file, options.trainingOnly);
  const pipeline = new ImagePipeline(mode, afterItem, afterBatch, options);
  return {
    modelInput: pipeline.modelInput,
    toCome: (item) => toCome(item, pipeline),
    show: async (item) => {
      return renderedOr(await openImage(item, pipeline.mode), (source) => pipeline.show(source));
    },
    release: () => Promise.resolve(),
  };
}

async function ofCode(file: LearnerFile, options: LearnerOptions): Promise<Preparation> {
  const { CodePipeline } = await import('./code-pipeline.js');
  const pipeline = await CodePipeline.open(file, options);
  return {
    modelInput: pipeline.modelInput,
    toCome: async (item) => {
      const image = await pipeline.apply(item);
      return { ...image, job: undefined, write: async (out) => image.write(out) };
    },
    show: (item) => pipeline.show(item),
    release: () => pipeline.release(),
  };
}

function answersOf(target: ImageTarget, { height, width }: ModelInput): Answers {
  const { task, vocab } = target;
  return {
    task,
    ...(vocab && { classes: vocab }),
    ...(height !== undefined && width !== undefined && { size: [height, width] }),
  };
}

function shown({ mode, width, height, data }: Raster): ShownImage {
  return { image: { width, height, channels: channelsOf(mode), data } };
}

/** Decodes while writing if possible; otherwise before. */
async function toCome(item: unknown, pipeline: ImagePipeline): Promise<ImageToCome> {
  const opened = await openImage(item, pipeline.mode);
  const image = await renderedOr(opened, (source) => pipeline.apply(source));
  const { channels, height, width, job } = image;
  const write = async (out: Float32Array): Promise<void> => {
    try {
      image.write(out);
    } catch (error) {
      if (!(error instanceof NotRenderedError)) throw error;
      pipeline.apply(await opened.decode()).write(out);
    }
  };
  return { channels, height, width, job, write };
}

async function inputOf({ channels, height, width, write }: ImageToCome): Promise<Tensor> {
  const data = new Float32Array(channels * height * width);
  await write(data);
  return new Tensor('float32', data, [1, channels, height, width]);
}

/** One tensor if all have one size. */
function stacked(images: readonly Tensor[]): Tensor | readonly Tensor[] {
  const sizes = new Set(images.map(({ dims }) => dims.join()));
  return sizes.size === 1 ? concatRows(images) : images.map((image) => rowOf(image, 0));
}
