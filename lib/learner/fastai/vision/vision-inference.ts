import { phase } from '../../runtime/phases.js';
import type { Inference, LearnerOptions } from '../contract.js';
import type { Target } from '../data/target.js';
import type { LearnerFile } from '../learner-file.js';
import { readImageInput } from './image-input.js';
import { checkItem, openImage } from './image-item.js';
import { ImageModel } from './image-model.js';
import { readImageTarget, type DecodedImageTarget } from './image-target.js';
import { ImagePipeline } from './transforms/pipeline.js';
import type { Planes } from './transforms/planes.js';

/** An image on its way: decoding is not synchronous, so it is done when the model runs. */
interface EncodedImage {
  readonly item: unknown;
  planes?: Planes;
}

/** `ImageBlock` at inference. @throws UnsupportedLearnerError for foreign transforms or targets. */
export async function createVisionInference(
  file: LearnerFile,
  labels: Target,
  options: LearnerOptions,
): Promise<Inference<EncodedImage, DecodedImageTarget>> {
  const { afterItem, afterBatch } = file.dls;
  const target = readImageTarget(file, labels);
  const pipeline = new ImagePipeline(readImageInput(file), afterItem, afterBatch);
  const model = await ImageModel.open(file, pipeline.modelInput, options);
  return {
    // The classes, also a mask's codes; none for numbers and points.
    vocab: target.vocab ?? [],
    encode: (item) => {
      checkItem(item);
      return { item };
    },
    forward: async (batch) => {
      const images: Planes[] = [];
      for (const encoded of batch) {
        encoded.planes = await phase('decode', async () =>
          pipeline.apply(await openImage(encoded.item, pipeline.mode)),
        );
        images.push(encoded.planes);
      }
      return model.forward(images);
    },
    decode: (row, { planes }) =>
      target.decode(row, { width: planes?.width ?? 0, height: planes?.height ?? 0 }),
    release: () => model.release(),
  };
}
