import { Tensor } from 'onnxruntime-common';
import type { Inference, LearnerOptions } from '../contract.js';
import type { Target } from '../data/target.js';
import { weighed } from '../explain/occlusion.js';
import { textsWithout } from '../explain/text-parts.js';
import { entering } from '../entry/rows.js';
import type { LearnerFile } from '../learner-file.js';
import { onlyResult } from '../results/results.js';
import type { ReadingTargets } from '../results/result-targets.js';
import { openTextModel } from './text-model.js';
import { openTextPipeline } from './open-pipeline.js';

/** Inference for `TextBlock`. @throws UnsupportedLearnerError for a user's own transform. */
export async function createTextInference(
  file: LearnerFile,
  target: Target,
  options: LearnerOptions,
): Promise<Inference<Int32Array> & ReadingTargets> {
  const pipeline = await openTextPipeline(file, options);
  const enter = entering(file, options);
  const model = await openTextModel(file, options, target.vocab);
  return {
    vocab: target.vocab ? [pipeline.vocab, target.vocab] : pipeline.vocab,
    inputVocabs: [pipeline.vocab],
    form: model.form,
    targetOf: (_, labels) => labels,
    answers: { task: target.task, ...(target.vocab && { classes: target.vocab }) },
    encode: (item) => then(enter(item), (text) => pipeline.encode(text)),
    show: (item) => then(enter(item), (text) => pipeline.show(text)),
    tokenize: (text) => pipeline.tokenize(text),
    explain: async (item, question) => {
      const { parts, rows } = textsWithout(pipeline.encode(await enter(item)), pipeline);
      return weighed(parts, onlyResult(await model.forward(rows)), question);
    },
    forward: (batch) => model.forward(batch),
    inputs: async (batch) =>
      batch.map((ids) => new Tensor('int64', BigInt64Array.from(ids, BigInt), [ids.length])),
    decode: (row) => target.decode(row),
    release: () => model.release(),
  };
}

/** Synchronous, unless the item must first be made from a row. */
function then<T>(item: unknown, work: (item: unknown) => T): T | Promise<T> {
  return item instanceof Promise ? item.then(work) : work(item);
}
