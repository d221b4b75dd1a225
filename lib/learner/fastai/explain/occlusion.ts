import { Tensor } from 'onnxruntime-common';
import type { Asked } from '../contract.js';
import type { ExplainedPart, OcclusionExplanation } from '../explanation.js';

/** A part that can be left out; its weight follows later. */
export type Part = Omit<ExplainedPart, 'weight'>;

/**
 * The weight of each part for an answer.
 *
 * @param outputs The model's output for the whole item, then for it without each part.
 */
export async function weighed(
  parts: readonly Part[],
  outputs: Tensor,
  question: Asked,
): Promise<OcclusionExplanation> {
  const target = await question.choose(first(outputs));
  const [whole = NaN, ...without] = await question.scores(outputs, target);
  return {
    method: 'occlusion',
    ...target,
    parts: parts.map((part, i) => ({ ...part, weight: whole - without[i]! })),
  };
}

/** The first row, as a batch of one. */
function first({ data, dims }: Tensor): Tensor {
  const [rows = 1, ...shape] = dims;
  const row = (data as Float32Array).subarray(0, data.length / rows);
  return new Tensor('float32', row, [1, ...shape]);
}
