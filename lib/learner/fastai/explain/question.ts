import type { Tensor } from 'onnxruntime-common';
import type { Asked, LearnerDescription } from '../contract.js';
import { ExplainTargetError } from '../errors.js';
import type { ExplainedTarget, ExplainOptions } from '../explanation.js';
import type { Loss } from '../losses/loss.js';

/** The question for `explain`, with the learner's knowledge of its outputs. */
export class Question implements Asked {
  constructor(
    private readonly loss: Loss,
    private readonly learner: LearnerDescription,
    private readonly options: ExplainOptions,
  ) {}

  async choose(output: Tensor): Promise<ExplainedTarget> {
    const scores = (await this.loss.activation(output)).data as Float32Array;
    const names = this.learner.classes ?? this.learner.targets;
    const target = this.#asked(names, scores.length) ?? this.#predicted(scores);
    const name = names?.[target];
    return { ...(name !== undefined && { class: name }), target };
  }

  async scores(outputs: Tensor, { target }: ExplainedTarget): Promise<number[]> {
    const { data, dims } = await this.loss.activation(outputs);
    const rows = dims[0] ?? 0;
    const width = data.length / rows;
    return Array.from({ length: rows }, (_, row) => Number(data[row * width + target]));
  }

  #asked(names: readonly string[] | undefined, outputs: number): number | undefined {
    const { target } = this.options;
    if (target === undefined) return undefined;
    const index = typeof target === 'string' ? (names?.indexOf(target) ?? -1) : target;
    if (Number.isSafeInteger(index) && index >= 0 && index < outputs) return index;
    throw new ExplainTargetError(target, outputs, names);
  }

  #predicted(scores: Float32Array): number {
    if (this.learner.task === 'regress') return 0;
    // The first of equal values, as in argmax.
    return scores.reduce((best, score, i) => (score > scores[best]! ? i : best), 0);
  }
}
