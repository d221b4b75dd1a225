import type { Answers, Inference, LearnerOptions } from '../contract.js';
import type { Target } from '../data/target.js';
import type { LearnerFile } from '../learner-file.js';
import type { ShownImage } from '../shown.js';
import { readImageInput } from './image-input.js';
import { checkItem, openImage } from './image-item.js';
import { NotRenderedError } from './image/pixel-source.js';
import { channelsOf } from './image/raster.js';
import { ImageExplainer } from './image-explainer.js';
import { dimsOf, ImageModel, type ImageToCome } from './image-model.js';
import { readImageTarget, type DecodedImageTarget, type ImageTarget } from './image-target.js';
import { ImagePipeline, type ModelInput, type TransformedImage } from './transforms/pipeline.js';

/** An image on its way: decoding is not synchronous, so it is done when the model runs. */
interface EncodedImage {
  readonly item: unknown;
  /** What the model got; known when it has run. */
  size?: { readonly width: number; readonly height: number };
}

/** `ImageBlock` at inference. @throws UnsupportedLearnerError for foreign transforms or targets. */
export async function createVisionInference(
  file: LearnerFile,
  labels: Target,
  options: LearnerOptions,
): Promise<Inference<EncodedImage, DecodedImageTarget>> {
  const { afterItem, afterBatch } = file.dls;
  const target = readImageTarget(file, labels);
  const pipeline = new ImagePipeline(readImageInput(file), afterItem, afterBatch, options.decode);
  const model = await ImageModel.open(file, pipeline.modelInput, options);
  const explainer = new ImageExplainer(file.source, dimsOf(pipeline.modelInput), options);
  return {
    // The classes, also a mask's codes; none for numbers and points.
    vocab: target.vocab ?? [],
    encode: (item) => {
      checkItem(item);
      return { item };
    },
    answers: answersOf(target, pipeline.modelInput),
    show: (item) => show(item, pipeline),
    ...(target.kind === 'labels' && {
      explain: async (item, question) => {
        checkItem(item);
        const { input, output } = await model.forwardOne(await toCome(item, pipeline));
        return explainer.explain(input, output, question);
      },
    }),
    forward: (batch) =>
      model.forward(batch.length, async (index) => {
        const encoded = batch[index]!;
        const image = await toCome(encoded.item, pipeline);
        encoded.size = image;
        return image;
      }),
    decode: (row, { size }) => target.decode(row, size ?? { width: 0, height: 0 }),
    release: async () => {
      await Promise.all([model.release(), explainer.release()]);
    },
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

/** The pixels that the model gets, before they are normalized. */
async function show(item: unknown, pipeline: ImagePipeline): Promise<ShownImage> {
  checkItem(item);
  const opened = await openImage(item, pipeline.mode);
  const { mode, width, height, data } = await rendered(
    () => pipeline.show(opened.source),
    async () => pipeline.show(await opened.decode()),
  );
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
