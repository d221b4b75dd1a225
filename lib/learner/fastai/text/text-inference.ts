import type { Inference, LearnerOptions } from '../contract.js';
import type { Target } from '../data/target.js';
import { weighed } from '../explain/occlusion.js';
import { textsWithout } from '../explain/text-parts.js';
import type { LearnerFile } from '../learner-file.js';
import { openTextModel } from './text-model.js';
import { openTextPipeline } from './open-pipeline.js';

/** `TextBlock` at inference. @throws UnsupportedLearnerError for a user's own transform. */
export async function createTextInference(
  file: LearnerFile,
  target: Target,
  options: LearnerOptions,
): Promise<Inference<Int32Array>> {
  const pipeline = await openTextPipeline(file, options);
  const model = await openTextModel(file, options);
  return {
    vocab: target.vocab ? [pipeline.vocab, target.vocab] : pipeline.vocab,
    answers: { task: target.task, ...(target.vocab && { classes: target.vocab }) },
    encode: (item) => pipeline.encode(item),
    show: (item) => pipeline.show(item),
    tokenize: (text) => pipeline.tokenize(text),
    explain: async (item, question) => {
      const { parts, rows } = textsWithout(pipeline.encode(item), pipeline);
      return weighed(parts, await model.forward(rows), question);
    },
    forward: (batch) => model.forward(batch),
    decode: (row) => target.decode(row),
    release: () => model.release(),
  };
}
