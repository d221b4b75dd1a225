import type { Answers, Inference, LearnerOptions } from '../contract.js';
import type { Target } from '../data/target.js';
import type { LearnerFile } from '../learner-file.js';
import type { ShownImage } from '../shown.js';
import { readImageInput } from './image-input.js';
import { checkItem, openImage } from './image-item.js';
import { NotRenderedError } from './image/pixel-source.js';
import { channelsOf, type Raster } from './image/raster.js';
import { ImageExplainer } from './image-explainer.js';
import { dimsOf, ImageModel, type ImageToCome } from './image-model.js';
import { hasOwnCode } from './own-code.js';
import { readImageTarget, type DecodedImageTarget, type ImageTarget } from './image-target.js';
import { ImagePipeline, type ModelInput, type TransformedImage } from './transforms/pipeline.js';

/** An image on its way: decoding is not synchronous, so it is done when the model runs. */
interface EncodedImage {
  readonly item: unknown;
  /** What the model got; known when it has run. */
  size?: { readonly width: number; readonly height: number };
}

/** What an image goes through, decoded as late as possible or by code of the user's own. */
interface Preparation {
  readonly modelInput: ModelInput;
  toCome(item: unknown): Promise<ImageToCome>;
  /** The pixels that the model gets, before they are normalized. */
  show(item: unknown): Promise<Raster>;
  release(): Promise<void>;
}

/** `ImageBlock` at inference. @throws UnsupportedLearnerError for foreign transforms or targets. */
export async function createVisionInference(
  file: LearnerFile,
  labels: Target,
  options: LearnerOptions,
): Promise<Inference<EncodedImage, DecodedImageTarget>> {
  const target = readImageTarget(file, labels);
  const images = hasOwnCode(file, options) ? await ofCode(file, options) : rendering(file, options);
  const model = await ImageModel.open(file, images.modelInput, options);
  const explainer = new ImageExplainer(file.source, dimsOf(images.modelInput), options);
  return {
    // The classes, also a mask's codes; none for numbers and points.
    vocab: target.vocab ?? [],
    encode: (item) => {
      checkItem(item);
      return { item };
    },
    answers: answersOf(target, images.modelInput),
    show: async (item) => {
      checkItem(item);
      return shown(await images.show(item));
    },
    ...(target.kind === 'labels' && {
      explain: async (item, question) => {
        checkItem(item);
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
    decode: (row, { size }) => target.decode(row, size ?? { width: 0, height: 0 }),
    release: async () => {
      await Promise.all([model.release(), explainer.release(), images.release()]);
    },
  };
}

/** Where all transforms are fastai's. */
function rendering(file: LearnerFile, options: LearnerOptions): Preparation {
  const { afterItem, afterBatch } = file.dls;
  const mode = readImageInput(file, options.trainingOnly);
  const pipeline = new ImagePipeline(mode, afterItem, afterBatch, options);
  return {
    modelInput: pipeline.modelInput,
    toCome: (item) => toCome(item, pipeline),
    show: async (item) => {
      const opened = await openImage(item, pipeline.mode);
      return rendered(
        () => pipeline.show(opened.source),
        async () => pipeline.show(await opened.decode()),
      );
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

const TASKS = { mask: 'segment', points: 'points' } as const;

function answersOf(target: ImageTarget, { height, width }: ModelInput): Answers {
  const { kind, task, vocab } = target;
  return {
    task: kind === 'labels' ? task : TASKS[kind],
    ...(vocab && { classes: vocab }),
    ...(height !== undefined && width !== undefined && { size: [height, width] }),
  };
}

function shown({ mode, width, height, data }: Raster): ShownImage {
  return { image: { width, height, channels: channelsOf(mode), data } };
}

/** Decoded when it is written, as far as that is possible; otherwise before. */
async function toCome(item: unknown, pipeline: ImagePipeline): Promise<ImageToCome> {
  const opened = await openImage(item, pipeline.mode);
  const decoded = async (): Promise<TransformedImage> => pipeline.apply(await opened.decode());
  const image = await rendered(() => pipeline.apply(opened.source), decoded);
  const { channels, height, width, job } = image;
  const write = (out: Float32Array): Promise<void> =>
    rendered(
      () => image.write(out),
      async () => (await decoded()).write(out),
    );
  return { channels, height, width, job, write };
}

async function rendered<T>(work: () => T, otherwise: () => Promise<T>): Promise<T> {
  try {
    return work();
  } catch (error) {
    if (error instanceof NotRenderedError) return otherwise();
    throw error;
  }
}
