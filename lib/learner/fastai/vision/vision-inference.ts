import type { Tensor } from 'onnxruntime-common';
import type { Target } from '../data/target.js';
import { phase } from '../../runtime/phases.js';
import type { Inference, Vocab } from '../inference.js';
import type { LearnerFile } from '../learner-file.js';
import type { LearnerOptions } from '../learner.js';
import { readImageInput } from './image-input.js';
import { checkItem, openImage } from './image-item.js';
import { ImageModel } from './image-model.js';
import { readImageTarget, type DecodedImageTarget, type ImageTarget } from './image-target.js';
import { ImagePipeline } from './transforms/pipeline.js';
import type { Planes } from './transforms/planes.js';

/** An image on its way: decoding is not synchronous, so it is done when the model runs. */
interface EncodedImage {
  readonly item: unknown;
  planes?: Planes;
}

/** Images in, classes, numbers, points or masks out: fastai's `ImageBlock` at inference. */
export class VisionInference implements Inference<EncodedImage, DecodedImageTarget> {
  private constructor(
    private readonly pipeline: ImagePipeline,
    private readonly model: ImageModel,
    private readonly target: ImageTarget,
  ) {}

  /**
   * @throws UnsupportedLearnerError for transforms of the user's own and targets that cannot be
   * decoded.
   * @throws UnsupportedModuleError for a layer that has no lowering.
   */
  static async create(
    file: LearnerFile,
    labels: Target,
    options: LearnerOptions,
  ): Promise<VisionInference> {
    const { afterItem, afterBatch } = file.dls;
    const target = readImageTarget(file, labels);
    const pipeline = new ImagePipeline(readImageInput(file), afterItem, afterBatch);
    const model = await ImageModel.open(file, pipeline.modelInput, options);
    return new VisionInference(pipeline, model, target);
  }

  /** The classes, also a mask's codes; none for numbers and points. */
  get vocab(): Vocab {
    return this.target.vocab ?? [];
  }

  encode(item: unknown): EncodedImage {
    checkItem(item);
    return { item };
  }

  async forward(batch: readonly EncodedImage[]): Promise<Tensor> {
    const planes: Planes[] = [];
    for (const encoded of batch) {
      encoded.planes = await phase('decode', async () =>
        this.pipeline.apply(await openImage(encoded.item, this.pipeline.mode)),
      );
      planes.push(encoded.planes);
    }
    return this.model.forward(planes);
  }

  decode(target: Tensor, { planes }: EncodedImage): DecodedImageTarget {
    return this.target.decode(target, { width: planes?.width ?? 0, height: planes?.height ?? 0 });
  }

  release(): Promise<void> {
    return this.model.release();
  }
}
