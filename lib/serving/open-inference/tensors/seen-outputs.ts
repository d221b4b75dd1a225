import type { LearnerDescription } from '../../../learner/fastai/contract.js';
import type { InferTensor, TensorMetadata } from '../../../client/protocol/messages.js';

const all = new WeakMap<LearnerDescription, Map<string, TensorMetadata>>();

/**
 * The outputs of a learner, corrected by its predictions. A notebook's own loss function may decode
 * to something other than its task suggests, which only predictions show.
 */
export function correctedOutputs(
  learner: LearnerDescription,
  outputs: readonly TensorMetadata[],
): readonly TensorMetadata[] {
  const seen = all.get(learner);
  return seen === undefined ? outputs : outputs.map((output) => seen.get(output.name) ?? output);
}

/** Records outputs that differ from the expected ones. */
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
