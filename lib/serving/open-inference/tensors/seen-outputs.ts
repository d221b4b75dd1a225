import type { LearnerDescription } from '../../../learner/fastai/contract.js';
import type { InferTensor, TensorMetadata } from '../../../client/protocol/messages.js';

const all = new WeakMap<LearnerDescription, Map<string, TensorMetadata>>();

/**
 * What a learner gives, corrected by what it gave: a loss function of the notebook may decode to
 * something else than its task tells, which shows only in predictions.
 */
export function correctedOutputs(
  learner: LearnerDescription,
  outputs: readonly TensorMetadata[],
): readonly TensorMetadata[] {
  const seen = all.get(learner);
  return seen === undefined ? outputs : outputs.map((output) => seen.get(output.name) ?? output);
}

/** Notes outputs that are not as it was told. */
export function noteOutputs(
  learner: LearnerDescription,
  told: readonly TensorMetadata[],
  given: readonly InferTensor[],
): void {
  for (const { name, datatype, shape, parameters } of given) {
    const known = correctedOutputs(learner, told).find((output) => output.name === name);
    if (known === undefined || isAsTold(known, datatype, shape)) continue;
    const sizes =
      known.datatype === datatype && known.shape.length === shape.length
        ? known.shape.map((size, axis) => (size === shape[axis] ? size : -1))
        : [-1, ...shape.slice(1)];
    const noted = all.get(learner) ?? new Map<string, TensorMetadata>();
    noted.set(name, { name, datatype, shape: sizes, ...(parameters && { parameters }) });
    all.set(learner, noted);
  }
}

function isAsTold(known: TensorMetadata, datatype: string, shape: readonly number[]): boolean {
  return (
    known.datatype === datatype &&
    known.shape.length === shape.length &&
    known.shape.every((size, axis) => size === -1 || size === shape[axis])
  );
}
