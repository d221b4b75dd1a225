import type { DecodedTarget, Target } from '../data/target.js';
import type { Tensor } from 'onnxruntime-common';
import type { Inference, Vocab } from '../inference.js';
import type { LearnerFile } from '../learner-file.js';
import type { LearnerOptions } from '../learner.js';
import { openTextModel, type TextModel } from './text-model.js';
import { TextPipeline } from './text-pipeline.js';

/** Texts in, token ids through the model, targets out: fastai's `TextBlock` at inference. */
export class TextInference implements Inference<Int32Array> {
  private constructor(
    private readonly pipeline: TextPipeline,
    private readonly target: Target,
    private readonly model: TextModel,
  ) {}

  /** @throws UnsupportedLearnerError where a transform of the text is the user's own. */
  static async create(
    file: LearnerFile,
    target: Target,
    options: LearnerOptions,
  ): Promise<TextInference> {
    const pipeline = TextPipeline.read(file, options);
    return new TextInference(pipeline, target, await openTextModel(file, options));
  }

  /** The token vocabulary, and the classes where the target has any. */
  get vocab(): Vocab {
    const tokens = this.pipeline.vocab;
    return this.target.vocab ? [tokens, this.target.vocab] : tokens;
  }

  encode(item: unknown): Int32Array {
    return this.pipeline.encode(item);
  }

  readonly tokenize = (item: unknown): string[] => this.pipeline.tokenize(item);

  forward(batch: readonly Int32Array[]): Promise<Tensor> {
    return this.model.forward(batch);
  }

  decode(target: Tensor): DecodedTarget {
    return this.target.decode(target);
  }

  release(): Promise<void> {
    return this.model.release();
  }
}
